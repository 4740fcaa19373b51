/** Counts what happens by name. Names in capitals are what must not happen. */
export class Tally {
  private readonly counts = new Map<string, number>();

  count(name: string): void {
    this.counts.set(name, this.of(name) + 1);
  }

  of(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  get all(): Record<string, number> {
    return Object.fromEntries([...this.counts].sort(([a], [b]) => a.localeCompare(b)));
  }

  /** How often something happened that must not. */
  get violations(): number {
    return Object.values(this.broken).reduce((sum, count) => sum + count, 0);
  }

  /** What must not happen and did. */
  get broken(): Record<string, number> {
    return Object.fromEntries([...this.counts].filter(([name]) => /^[A-Z]{2}/.test(name)));
  }
}
