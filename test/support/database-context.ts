import 'reflect-metadata';
import { Test, type TestingModule } from '@nestjs/testing';
import { CommonModule } from '../../src/common/common.module';
import { createLogger } from '../../src/common/logger';
import type { DatabaseConfig } from '../../src/config/config';
import { BackgroundDatabase } from '../../src/database/background-database';
import { Database } from '../../src/database/database';
import { DatabaseModule, OPEN_FEED_CONNECTION, type OpenFeedConnection } from '../../src/database/database.module';

/** What a process has of its database. */
export interface DatabaseContext {
  readonly database: Database;
  readonly background: BackgroundDatabase;
  readonly openFeedConnection: OpenFeedConnection;
  readonly module: TestingModule;
  close(): Promise<void>;
}

const DEFAULTS: DatabaseConfig = {
  preparedStatements: true,
  pool: { max: 4, acquireTimeout: 2_000 },
  rowLevelSecurity: 'auto',
  statementTimeout: 5_000,
};

/** Opens the database module alone, as an application would. */
export async function openDatabaseContext(
  database: Partial<DatabaseConfig>,
  dataDir = '/nowhere',
): Promise<DatabaseContext> {
  const config = { dataDir, database: { ...DEFAULTS, ...database } };
  const module = await Test.createTestingModule({
    imports: [CommonModule.forRoot(createLogger('silent')), DatabaseModule.forRoot(config)],
  }).compile();
  await module.init();
  return {
    module,
    database: module.get(Database),
    background: module.get(BackgroundDatabase),
    openFeedConnection: module.get<OpenFeedConnection>(OPEN_FEED_CONNECTION),
    close: () => module.close(),
  };
}
