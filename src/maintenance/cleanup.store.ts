import { Injectable } from '@nestjs/common';
import { EventLog } from '../common/event-log';
import { BackgroundDatabase } from '../database/background-database';
import type { Statement } from '../database/database';

const FINISHED: Statement = {
  name: 'cleanup_finished',
  text: 'UPDATE instance SET last_cleanup_at = $1 WHERE id = 1',
};

const EARLIER: Statement = { name: 'cleanup_now', text: 'SELECT LEAST($1::timestamptz, statement_timestamp()) AS now' };

const LAST: Statement = { name: 'cleanup_last', text: 'SELECT last_cleanup_at FROM instance WHERE id = 1' };

/** What is over by now, and when the last cleanup ended, for the operator. */
@Injectable()
export class CleanupStore {
  constructor(
    private readonly database: BackgroundDatabase,
    private readonly events: EventLog,
  ) {}

  /** The time of the caller, unless the clock of the database is behind it. */
  async earlierOf(now: Date): Promise<Date> {
    return (await this.database.first<{ now: Date }>(EARLIER, [now]))?.now ?? now;
  }

  async finished(at: Date, removed: number): Promise<void> {
    await this.database.rows(FINISHED, [at]);
    this.events.record('cleanup_finished', { count: removed });
  }

  async last(): Promise<Date | null> {
    return (await this.database.first<{ last_cleanup_at: Date | null }>(LAST))?.last_cleanup_at ?? null;
  }
}
