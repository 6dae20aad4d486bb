// When the screen changes: at once with what is heard, but so that the browser rests after a change for a time that goes by
// how long the change took it, drawing included, and what others do for it where a promise tells that. So one poll is seen
// without delay, and what comes all the time takes a part of a browser, also of a slow one.

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

export interface Options {
  rest: number; // how many times as long as a change
  isQuick: boolean; // it is made as its frame begins, with all that was heard until then: what takes long would hold that up
  drawn: () => void; // called when a change has been drawn, or at least handed over
  timing: Timing;
}

type Run = () => Promise<void> | void;

interface Change {
  begun: number;
  until: number; // what it rests until where no frame tells better
}

export class Pace {
  private readonly run: Run;
  private readonly rest: number;
  private readonly isQuick: boolean;
  private readonly drawn: () => void;
  private readonly timing: Timing;
  private wantedAt: number | null = null; // nothing: nothing is to change
  private restsUntil = -Infinity;
  private due: Change | null = null; // the change that the frame to come will have drawn
  private isStopped = false;
  private callOff = (): void => undefined;

  constructor(run: Run, options: Partial<Options> = {}) {
    const { rest = 1, isQuick = false, drawn = () => undefined, timing = kBrowserTiming } = options;
    this.run = run;
    this.rest = rest;
    this.isQuick = isQuick;
    this.drawn = drawn;
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
    this.callOff = this.timing.after(Math.max(0, ms), () => {
      if (this.isQuick) this.timing.onFrame(() => this.change());
      else this.change();
    });
  }

  private change(): void {
    if (this.wantedAt === null) return; // stopped before its frame came
    this.wantedAt = null;
    const begun = this.timing.now();
    const others = this.run();
    const until = this.timing.now() + kLongestRestMs;
    this.restsUntil = until;
    this.wait(); // for what was wanted meanwhile
    const change = { begun, until };
    if (others) void others.then(() => this.restAfter(change));
    else this.restAfter(change);
  }

  // By how long it took until the frame with it is drawn.
  private restAfter(change: Change): void {
    // A task after the frame: it has been drawn by then, or at least handed over.
    const drawn = (of: Change) => this.timing.after(0, () => this.hasDrawn(of));
    if (this.isQuick) return void drawn(change);
    // Behind another tab no frame comes: one is asked for, and not one for each change until the tab is seen again.
    const isAsked = this.due !== null;
    this.due = change;
    if (isAsked) return;
    this.timing.onFrame(() => {
      const of = this.due!;
      this.due = null;
      drawn(of);
    });
  }

  private hasDrawn({ begun, until }: Change): void {
    this.drawn();
    if (this.restsUntil !== until) return; // this frame was long in coming, and another change has begun
    const now = this.timing.now();
    this.restsUntil = now + Math.min((now - begun) * this.rest, kLongestRestMs);
    this.wait();
  }
}
