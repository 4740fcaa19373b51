import { randomUUID } from 'node:crypto';
import { LOG_STATEMENTS, startTestServer, type TestServer } from './test-server';
import { withClient } from './test-database';
import { until } from './until';

/** Statements by the name of the application that sent them. */
export type StatementCounts = Readonly<Record<string, number>>;

/** What was sent to the database while something ran, as the database itself saw it. */
export interface Observed<T> {
  readonly result: T;
  /** Statements of requests: those of the pool that calls itself `latchkey`. */
  readonly requests: number;
  /** Statements of timers and jobs: `latchkey-jobs`, `latchkey-feed` and the like. */
  readonly background: number;
}

/** One executed statement, plain or prepared: `latchkey: LOG:  execute session_create: INSERT …`. */
const EXECUTED = /^(latchkey[a-z-]*): LOG: {2}(?:statement|execute [^:]*): /;
const REQUESTS = 'latchkey';

/** A PostgreSQL that writes down every statement, so that no count depends on what our own code says it does. */
export class StatementLog {
  private constructor(private readonly server: TestServer) {}

  static async start(): Promise<StatementLog> {
    return new StatementLog(await startTestServer(LOG_STATEMENTS));
  }

  get url(): string {
    return this.server.url;
  }

  /** Counts what reaches the database from now until `work` is done, whoever sends it. */
  async during<T>(work: () => Promise<T>): Promise<Observed<T>> {
    const from = await this.fence();
    const result = await work();
    const counts = countsOf(this.server.lines.slice(from, await this.fence()));
    const { [REQUESTS]: requests = 0, ...others } = counts;
    return { result, requests, background: Object.values(others).reduce((sum, count) => sum + count, 0) };
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  /** The log is written in order: once our own statement is in it, everything that was answered before is too. */
  private async fence(): Promise<number> {
    const mark = `SELECT '${randomUUID()}'`;
    await withClient(this.url, (client) => client.query(mark));
    let place = -1;
    await until('the log has reached the fence', () => {
      place = this.server.lines.findLastIndex((line) => line.includes(mark));
      return place >= 0;
    });
    return place;
  }
}

function countsOf(lines: readonly string[]): StatementCounts {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    const application = EXECUTED.exec(line)?.[1];
    if (application !== undefined) counts[application] = (counts[application] ?? 0) + 1;
  }
  return counts;
}
