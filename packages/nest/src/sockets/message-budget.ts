const BURST = 10;

/** How many messages one client may send: some each second, and ten times as many at once. */
export class MessageBudget {
  private left: number;
  private countedAt: number;

  constructor(
    private readonly perSecond: number,
    now: number,
  ) {
    this.left = perSecond * BURST;
    this.countedAt = now;
  }

  /** False when the client sends too much. */
  spend(now: number): boolean {
    const earned = (Math.max(0, now - this.countedAt) / 1000) * this.perSecond;
    this.left = Math.min(this.perSecond * BURST, this.left + earned);
    this.countedAt = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
