import type { DatabaseConfig } from '../../config/config';
import { directClient } from '../../database/connections';
import { runStatement, type Statement } from '../../database/statement';

export interface ServerFacts {
  /** Such as 180004. */
  readonly version: number;
  readonly now: Date;
}

export interface TableFacts {
  readonly last_cleanup_at: Date | null;
  readonly revocations: number;
  readonly revocations_in_memory: number;
  /** Rows that the next cleanup removes, counted up to a limit. */
  readonly overdue: number;
}

export interface SealedKey {
  readonly id: string;
  readonly sealed_by: string;
}

const COUNTED_UP_TO = 100_000;

const SERVER: Statement = {
  name: 'doctor_server',
  text: `SELECT current_setting('server_version_num')::integer AS version, clock_timestamp() AS now`,
};

const overdue = (table: string): string =>
  `(SELECT count(*)::integer FROM (SELECT FROM ${table} WHERE expires_at <= $1 LIMIT ${COUNTED_UP_TO}) AS counted)`;

const TABLES: Statement = {
  name: 'doctor_tables',
  text: `SELECT (SELECT last_cleanup_at FROM instance WHERE id = 1) AS last_cleanup_at,
                (SELECT count(*)::integer FROM revocations) AS revocations,
                (SELECT count(*)::integer FROM revocations WHERE access_expires_at > $1) AS revocations_in_memory,
                ${['revocations', 'sessions', 'consumed_refresh_tokens'].map(overdue).join(' + ')} AS overdue`,
};

const SEALED: Statement = {
  name: 'doctor_sealed_keys',
  text: 'SELECT id, sealed_by FROM signing_keys WHERE retired_at IS NULL',
};

/** What `doctor` asks a database, over a connection of its own that never waits long. */
export class DoctorStore {
  constructor(
    private readonly directUrl: string,
    private readonly settings: DatabaseConfig,
  ) {}

  async server(): Promise<ServerFacts> {
    return (await this.ask<ServerFacts>(SERVER))[0] as ServerFacts;
  }

  async tables(now: Date): Promise<TableFacts> {
    return (await this.ask<TableFacts>(TABLES, [now]))[0] as TableFacts;
  }

  sealedKeys(): Promise<SealedKey[]> {
    return this.ask<SealedKey>(SEALED);
  }

  private async ask<R>(statement: Statement, values: unknown[] = []): Promise<R[]> {
    const client = directClient(this.directUrl, 'latchkey-jobs', this.settings);
    client.on('error', () => {});
    await client.connect();
    return runStatement<R>(client, statement, values, false).finally(() => client.end());
  }
}
