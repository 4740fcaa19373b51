import { AsyncResource } from 'node:async_hooks';

/** Work that is looked for now and then, or at once when somebody knows of some. One turn at a time in this process. */
export class RepeatedWork {
  private timer?: NodeJS.Timeout;
  private turn: Promise<void> | null = null;
  private again = false;
  private stopped = false;
  /** It is done for everybody: what stands around whoever hurries it, such as their tenant, does not go along. */
  private readonly begin = AsyncResource.bind(() => this.takeTurns());

  constructor(
    /** Answers true when there may be more to do at once. */
    private readonly step: () => Promise<boolean>,
    /** Milliseconds. */
    private readonly every: number,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.hurry(), this.every);
  }

  /** A failed turn is taken again at the next look. */
  hurry(): void {
    void this.run().catch(() => undefined);
  }

  /** Resolves when nothing is left to do, as far as was known when it was called. */
  async run(): Promise<void> {
    if (this.stopped) return;
    if (this.turn) {
      this.again = true;
      return this.turn;
    }
    this.turn = this.begin().finally(() => (this.turn = null));
    return this.turn;
  }

  /** Resolves when the turn under way, if there is one, has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.turn?.catch(() => undefined);
  }

  private async takeTurns(): Promise<void> {
    do {
      this.again = false;
      while (!this.stopped && (await this.step()));
    } while (this.again && !this.stopped);
  }
}
