import { beforeEach, describe, expect, it } from 'vitest';

import { kLongestRestMs, Pace, type Timing } from './pace.ts';

const kFrameMs = 16;

// Time that goes on by itself only in go().
class FakeTiming implements Timing {
  ms = 0;
  isHidden = false;
  framesWanted = 0;
  private due: { at: number; run: () => void }[] = [];

  now(): number {
    return this.ms;
  }
  after(ms: number, run: () => void): () => void {
    const task = { at: this.ms + ms, run };
    this.due.push(task);
    return () => (this.due = this.due.filter((each) => each !== task));
  }
  onFrame(run: () => void): void {
    this.framesWanted += 1;
    if (!this.isHidden) this.after(kFrameMs - (this.ms % kFrameMs), run);
  }
  go(ms: number): void {
    const end = this.ms + ms;
    for (;;) {
      const next = this.due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.due = this.due.filter((each) => each !== next);
      this.ms = Math.max(this.ms, next.at);
      next.run();
    }
    this.ms = Math.max(this.ms, end);
  }
}

describe('the pace of the screen', () => {
  let timing: FakeTiming;
  let changes: number[];
  let costMs: number;
  let pace: Pace;
  beforeEach(() => {
    timing = new FakeTiming();
    timing.ms = 1000;
    changes = [];
    costMs = 0;
    pace = new Pace(() => {
      changes.push(timing.ms);
      timing.ms += costMs;
    }, { timing });
  });

  it('changes at once what is heard after a pause', () => {
    pace.want(0);
    timing.go(0);
    timing.go(2000);
    pace.want(0);
    timing.go(0);
    expect(changes).toEqual([1000, 3000]);
  });
  it('makes one change of what is wanted twice, at the earlier time', () => {
    pace.want(100);
    pace.want(20);
    pace.want(50);
    timing.go(2000);
    expect(changes).toEqual([1020]);
  });
  it('rests as long as a change takes', () => {
    costMs = 40;
    for (let n = 0; n < 200; ++n) {
      pace.want(0);
      timing.go(5);
    }
    const gaps = changes.slice(1).map((at, index) => at - changes[index]!);
    expect(changes.length).toBeGreaterThan(8);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(2 * costMs);
      expect(gap).toBeLessThanOrEqual(2 * (costMs + kFrameMs));
    }
  });
  it('rests several times as long as a change takes, where that is asked for', () => {
    pace = new Pace(() => {
      changes.push(timing.ms);
      timing.ms += 20;
    }, { rest: 4, timing });
    for (let n = 0; n < 200; ++n) {
      pace.want(0);
      timing.go(5);
    }
    const gaps = changes.slice(1).map((at, index) => at - changes[index]!);
    expect(changes.length).toBeGreaterThan(5);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(5 * 20);
      expect(gap).toBeLessThanOrEqual(5 * (20 + kFrameMs));
    }
  });
  it('rests no longer than a while, whatever a change takes', () => {
    costMs = 3 * kLongestRestMs;
    pace.want(0);
    timing.go(0);
    pace.want(0);
    timing.go(10 * kLongestRestMs);
    expect(changes).toHaveLength(2);
    const rest = changes[1]! - changes[0]! - costMs;
    expect(rest).toBeGreaterThanOrEqual(kLongestRestMs);
    expect(rest).toBeLessThanOrEqual(kLongestRestMs + 2 * kFrameMs);
  });
  it('rests by how long others took for a change', async () => {
    let done = (): void => undefined;
    pace = new Pace(
      () => {
        changes.push(timing.ms);
        return new Promise<void>((resolve) => (done = resolve));
      },
      { rest: 2, timing },
    );
    pace.want(0);
    timing.go(200);
    done();
    await Promise.resolve();
    pace.want(0);
    timing.go(2000);
    expect(changes).toHaveLength(2);
    expect(changes[1]).toBeGreaterThanOrEqual(1000 + 3 * 200);
    expect(changes[1]).toBeLessThanOrEqual(1000 + 3 * (200 + kFrameMs));
  });
  it('does not wait for ever for others', () => {
    pace = new Pace(
      () => {
        changes.push(timing.ms);
        return new Promise<void>(() => undefined);
      },
      { timing },
    );
    pace.want(0);
    timing.go(0);
    pace.want(0);
    timing.go(2 * kLongestRestMs);
    expect(changes).toEqual([1000, 1000 + kLongestRestMs]);
  });
  it('makes a quick change as the frame begins, with what was wanted until then', () => {
    const drawn: number[] = [];
    pace = new Pace(
      () => {
        changes.push(timing.ms);
        timing.ms += 2;
      },
      { isQuick: true, drawn: () => drawn.push(timing.ms), timing },
    );
    timing.ms = 1001; // the next frame is at 1008
    pace.want(0);
    timing.go(3);
    pace.want(0);
    timing.go(3);
    expect(changes).toEqual([]);
    timing.go(20);
    expect(changes).toEqual([1008]);
    expect(drawn).toEqual([1010]); // it is in the frame that has just begun
    timing.isHidden = true;
    for (let n = 0; n < 5; n += 1) {
      pace.want(0);
      timing.go(100);
    }
    expect(changes).toEqual([1008]);
    expect(timing.framesWanted).toBe(2); // no more than one is asked for while none comes
  });
  it('makes no quick change once it is stopped', () => {
    pace = new Pace(() => void changes.push(timing.ms), { isQuick: true, timing });
    timing.ms = 1001;
    pace.want(0);
    timing.go(0);
    pace.stop();
    timing.go(100);
    expect(changes).toEqual([]);
  });
  it('goes on where nothing is drawn', () => {
    timing.isHidden = true;
    pace.want(0);
    timing.go(0);
    pace.want(0);
    timing.go(1000);
    expect(changes).toEqual([1000, 1000 + kLongestRestMs]);
    expect(timing.framesWanted).toBe(1);
  });
  it('changes nothing any more once it is stopped', () => {
    pace.want(0);
    pace.stop();
    pace.want(0); // what was under way answers late
    timing.go(1000);
    expect(changes).toEqual([]);
  });
});
