import type { DataSourceOptions } from 'typeorm';
import { CreateCoreTables1795305600000 } from '../../migrations/1795305600000-create-core-tables';
import { AddKeyLife1795400001000 } from '../../migrations/1795400001000-add-key-life';
import { CreateClients1795400002000 } from '../../migrations/1795400002000-create-clients';
import { CreateConnectionTickets1795400003000 } from '../../migrations/1795400003000-create-connection-tickets';
import { CreateMailAndCodes1795500000000 } from '../../migrations/1795500000000-create-mail-and-codes';
import { CreateSecondFactors1795500005000 } from '../../migrations/1795500005000-create-second-factors';
import { CreateRateLimits1795500020000 } from '../../migrations/1795500020000-create-rate-limits';
import { CreateAudit1795500030000 } from '../../migrations/1795500030000-create-audit';
import { IndexUsersForAdministration1795500040000 } from '../../migrations/1795500040000-index-users-for-administration';
import { CreateInvitations1795600500000 } from '../../migrations/1795600500000-create-invitations';
import { CreateFederation1795600100000 } from '../../migrations/1795600100000-create-federation';
import { CreateSamlSessions1795600200000 } from '../../migrations/1795600200000-create-saml-sessions';
import { AddLoginTermsToTenants1795700000000 } from '../../migrations/1795700000000-add-login-terms-to-tenants';
import { IndexDevicesById1795800000000 } from '../../migrations/1795800000000-index-devices-by-id';
import { NoteSamlSessionsOfSecondFactors1795800100000 } from '../../migrations/1795800100000-note-saml-sessions-of-second-factors';
import { RaiseTenantWall1795900000000 } from '../../migrations/1795900000000-raise-tenant-wall';
import { BoundFeedAndLedger1795400000000 } from '../../migrations/1795400000000-bound-feed-and-ledger';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** Named one by one, so that the same list holds in `dist` and under a test runner. */
const MIGRATIONS = [
  CreateCoreTables1795305600000,
  BoundFeedAndLedger1795400000000,
  AddKeyLife1795400001000,
  CreateClients1795400002000,
  CreateConnectionTickets1795400003000,
  CreateMailAndCodes1795500000000,
  CreateSecondFactors1795500005000,
  CreateRateLimits1795500020000,
  CreateAudit1795500030000,
  IndexUsersForAdministration1795500040000,
  CreateFederation1795600100000,
  CreateSamlSessions1795600200000,
  CreateInvitations1795600500000,
  AddLoginTermsToTenants1795700000000,
  IndexDevicesById1795800000000,
  NoteSamlSessionsOfSecondFactors1795800100000,
  RaiseTenantWall1795900000000,
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
