import type { DataSourceOptions } from 'typeorm';
import { CreateCoreTables1795305600000 } from '../../migrations/1795305600000-create-core-tables';
import { BoundFeedAndLedger1795400000000 } from '../../migrations/1795400000000-bound-feed-and-ledger';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** Named one by one, so that the same list holds in `dist` and under a test runner. */
const MIGRATIONS = [CreateCoreTables1795305600000, BoundFeedAndLedger1795400000000];

/** What every TypeORM data source of the service shares; entities are added by those who have them. */
export function dataSourceOptions(url: string): PostgresOptions {
  return {
    type: 'postgres',
    url,
    migrations: MIGRATIONS,
    migrationsTableName: 'latchkey_migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    uuidExtension: 'pgcrypto',
    installExtensions: false,
  };
}
