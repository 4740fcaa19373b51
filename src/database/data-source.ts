import type { DataSourceOptions } from 'typeorm';
import { CreateCoreTables1795305600000 } from '../../migrations/1795305600000-create-core-tables';
import { AddKeyLife1795400001000 } from '../../migrations/1795400001000-add-key-life';
import { CreateClients1795400002000 } from '../../migrations/1795400002000-create-clients';
import { CreateConnectionTickets1795400003000 } from '../../migrations/1795400003000-create-connection-tickets';
import { BoundFeedAndLedger1795400000000 } from '../../migrations/1795400000000-bound-feed-and-ledger';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** Named one by one, so that the same list holds in `dist` and under a test runner. */
const MIGRATIONS = [
  CreateCoreTables1795305600000,
  BoundFeedAndLedger1795400000000,
  AddKeyLife1795400001000,
  CreateClients1795400002000,
  CreateConnectionTickets1795400003000,
];

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
