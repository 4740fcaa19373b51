import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import type { Queryable, Statement } from '../database/database';

const MONTHS: Statement = {
  name: 'audit_partitions',
  text: `SELECT replace(substr(c.relname, length('audit_events_') + 1), '_', '-') AS month
           FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'audit_events'::regclass AND c.relname ~ '^audit_events_\\d{4}_\\d{2}$' ORDER BY 1`,
};

const HOMELESS: Statement = {
  name: 'audit_homeless_months',
  text: `SELECT DISTINCT to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month FROM audit_events_default ORDER BY 1`,
};

const MAKE: Statement = { name: 'audit_make_partition', text: 'SELECT audit_make_partition($1) AS made' };
const DROP: Statement = { name: 'audit_drop_partition', text: 'SELECT audit_drop_partition($1) AS dropped' };

/** The months that have a partition of their own, as `2026-11`. */
@Injectable()
export class AuditPartitionsStore {
  constructor(private readonly database: BackgroundDatabase) {}

  /** Runs `work` in one process at a time; null when another is at it. */
  alone<T>(work: () => Promise<T>): Promise<T | null> {
    return this.database.withAdvisoryLock('audit-partitions', work);
  }

  months(): Promise<string[]> {
    return this.read(MONTHS);
  }

  /** Months of events that had to go to the default partition. */
  homeless(): Promise<string[]> {
    return this.read(HOMELESS);
  }

  async make(month: string): Promise<void> {
    await this.database.rows(MAKE, [month]);
  }

  /** Drops the month and lets `seal` say so in the same transaction; answers how many events it had. */
  drop(month: string, seal: (tx: Queryable, count: number) => Promise<void>): Promise<number> {
    return this.database.transaction(async (tx) => {
      const dropped = (await tx.first<{ dropped: string | null }>(DROP, [month]))?.dropped;
      if (dropped == null) return 0;
      await seal(tx, Number(dropped));
      return Number(dropped);
    });
  }

  private async read(statement: Statement): Promise<string[]> {
    return (await this.database.rows<{ month: string }>(statement)).map(({ month }) => month);
  }
}
