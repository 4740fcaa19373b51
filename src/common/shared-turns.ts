/**
 * Work under one key runs one at a time. Whoever comes while it runs waits for the next run and shares it, so that any
 * number of equal callers costs two runs, and every result is of a run that began after it was asked for.
 */
export class SharedTurns<T> {
  private readonly running = new Map<string, Promise<T>>();
  private readonly next = new Map<string, Promise<T>>();

  /** `work` must be the same for the same key: of those who share a run, the first one's is done. */
  run(key: string, work: () => Promise<T>): Promise<T> {
    const next = this.next.get(key);
    if (next) return next;
    const running = this.running.get(key);
    return running ? this.follow(running, key, work) : this.begin(key, work);
  }

  private begin(key: string, work: () => Promise<T>): Promise<T> {
    const run = work().finally(() => this.running.delete(key));
    this.running.set(key, run);
    return run;
  }

  /** Whatever became of the run before. */
  private follow(before: Promise<T>, key: string, work: () => Promise<T>): Promise<T> {
    const begin = (): Promise<T> => {
      this.next.delete(key);
      return this.begin(key, work);
    };
    const next = before.then(begin, begin);
    this.next.set(key, next);
    return next;
  }
}
