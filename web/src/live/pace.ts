// When the screen changes: at once with what is heard, but so that the browser rests after a change for a time that goes by
// how long the change took it, drawing included. So one poll is seen without delay, and what comes all the time takes a part
// of a browser, also of a slow one.

export const kLongestRestMs = 1000; // also where nothing is drawn, as behind another tab

export interface Timing {
  now(): number;
  after(ms: number, run: () => void): () => void; // returns what calls it off
  onFrame(run: () => void): void; // before the next one is drawn
}

export const kBrowserTiming: Timing = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  onFrame: (run) => requestAnimationFrame(run),
};

export class Pace {
  private readonly run: () => unknown;
  private readonly rest: number;
  private readonly timing: Timing;
  private wantedAt: number | null = null; // nothing: nothing is to change
  private restsUntil = -Infinity;
  private isFrameDue = false;
  private isStopped = false;
  private callOff = (): void => undefined;

  // `rest`: how many times as long as a change.
  constructor(run: () => unknown, rest = 1, timing: Timing = kBrowserTiming) {
    this.run = run;
    this.rest = rest;
    this.timing = timing;
  }

  // What is wanted twice happens once, at the earlier time.
  want(withinMs: number): void {
    if (this.isStopped) return;
    const at = this.timing.now() + withinMs;
    if (this.wantedAt !== null && this.wantedAt <= at) return;
    this.wantedAt = at;
    this.wait();
  }

  stop(): void {
    this.isStopped = true;
    this.wantedAt = null;
    this.callOff();
  }

  private wait(): void {
    this.callOff();
    if (this.wantedAt === null) return;
    const ms = Math.max(this.wantedAt, this.restsUntil) - this.timing.now();
    this.callOff = this.timing.after(Math.max(0, ms), () => this.change());
  }

  private change(): void {
    this.wantedAt = null;
    const begun = this.timing.now();
    this.run();
    const until = this.timing.now() + kLongestRestMs;
    this.restsUntil = until;
    this.wait(); // for what was wanted meanwhile
    // Behind another tab no frame comes: one is asked for, and not one for each change until the tab is seen again.
    if (this.isFrameDue) return;
    this.isFrameDue = true;
    // A task after the frame: it has been drawn by then, or at least handed over.
    this.timing.onFrame(() => {
      this.isFrameDue = false;
      this.timing.after(0, () => {
        if (this.restsUntil !== until) return; // this frame was long in coming, and another change has begun
        const now = this.timing.now();
        this.restsUntil = now + Math.min((now - begun) * this.rest, kLongestRestMs);
        this.wait();
      });
    });
  }
}
