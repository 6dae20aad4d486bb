// The server's clock as the page knows it: ages never depend on the clock of the visitor's machine. A demo's
// clock runs faster; then what lies between two messages is no age of the data, so ages are judged at the
// last time heard.

export class ServerClock {
  private heardAt: number | null = null; // the server's time of the last message
  private localAt = 0; // when that came, by the local clock
  private speed = 1;

  heard(serverMs: number, localMs: number, speed?: number): void {
    if (speed !== undefined && speed > 0) this.speed = speed;
    // Events that were on their way together may come in any order of their times.
    if (this.heardAt !== null && serverMs < this.heardAt && localMs - this.localAt < 1000) return;
    this.heardAt = serverMs;
    this.localAt = localMs;
  }

  reset(): void {
    this.heardAt = null;
    this.speed = 1;
  }

  // Null before anything was heard.
  now(localMs: number): number | null {
    if (this.heardAt === null) return null;
    return this.heardAt + Math.max(0, localMs - this.localAt) * this.speed;
  }

  // The time by which ages are told.
  judged(localMs: number): number | null {
    return this.speed > 1 ? this.heardAt : this.now(localMs);
  }

  get runsAt(): number {
    return this.speed;
  }
}
