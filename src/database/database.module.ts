import { Global, Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { Client } from 'pg';
import { DataSource } from 'typeorm';
import { LOGGER } from '../common/common.module';
import type { Logger } from '../common/logger';
import type { Config } from '../config/config';
import { BackgroundDatabase } from './background-database';
import { directClient, openPool, pooledBounds, type ApplicationName } from './connections';
import { dataSourceOptions } from './data-source';
import { Database } from './database';
import { DatabaseServer, openDatabaseServer } from './database-server';
import { DatabaseStartError } from './database-start-error';
import { migrateUp } from './migrate';
import { requestPool } from './request-pool';
import { TenantWall } from './tenant-wall';

/** Opens a direct connection for LISTEN, not yet connected: the caller connects it, listens for `error` and ends it. */
export type OpenFeedConnection = () => Client;

/** Injection token of an `OpenFeedConnection`. */
export const OPEN_FEED_CONNECTION = Symbol('OPEN_FEED_CONNECTION');

/** The database, migrated and ready before anything that injects it is built. */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(BackgroundDatabase) private readonly background: BackgroundDatabase,
    @Inject(DatabaseServer) private readonly server: DatabaseServer,
  ) {}

  static forRoot(config: DatabaseSettings): DynamicModule {
    const { database } = config;
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [DatabaseServer, LOGGER],
          useFactory: (server: DatabaseServer, log: Logger) => typeOrmOptions(config, server, log),
        }),
      ],
      providers: [
        { provide: DatabaseServer, inject: [LOGGER], useFactory: (log: Logger) => migratedServer(config, log) },
        {
          provide: Database,
          inject: [DataSource, TenantWall],
          useFactory: (dataSource: DataSource, wall: TenantWall) =>
            new Database(requestPool(dataSource), database.preparedStatements, wall),
        },
        {
          provide: TenantWall,
          inject: [DataSource, LOGGER],
          useFactory: (dataSource: DataSource, log: Logger) => raisedWall(database, dataSource, log),
        },
        {
          provide: BackgroundDatabase,
          inject: [DatabaseServer, LOGGER],
          useFactory: (server: DatabaseServer, log: Logger) => backgroundDatabase(config, server, log),
        },
        {
          provide: OPEN_FEED_CONNECTION,
          inject: [DatabaseServer],
          useFactory: (server: DatabaseServer) => () => directClient(server.directUrl, 'latchkey-feed', database),
        },
      ],
      exports: [DatabaseServer, Database, BackgroundDatabase, TenantWall, OPEN_FEED_CONNECTION],
    };
  }

  /** Pools first, so that the server has nobody left to cut off. */
  async onApplicationShutdown(): Promise<void> {
    await this.background.close();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await this.server.stop();
  }
}

const NO_WALL =
  'The role latchkey_tenant cannot be taken: row-level security does not stand behind requests; see docs/guide/production.md';

type DatabaseSettings = Pick<Config, 'dataDir' | 'database'>;

async function migratedServer(config: DatabaseSettings, log: Logger): Promise<DatabaseServer> {
  const server = await openDatabaseServer(config, log);
  try {
    const applied = await migrateUp(server.directUrl);
    if (applied.length > 0) log.info({ applied }, 'Database migrated');
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function raisedWall(
  { rowLevelSecurity }: Config['database'],
  dataSource: DataSource,
  log: Logger,
): Promise<TenantWall> {
  if (rowLevelSecurity === 'off') return TenantWall.none();
  const wall = await TenantWall.raise(requestPool(dataSource));
  if (wall.stands) return wall;
  if (rowLevelSecurity === 'require') throw new DatabaseStartError(NO_WALL);
  log.warn({}, NO_WALL);
  return wall;
}

function typeOrmOptions({ database }: DatabaseSettings, server: DatabaseServer, log: Logger): TypeOrmModuleOptions {
  return {
    ...dataSourceOptions(server.url),
    migrations: [],
    autoLoadEntities: true,
    retryAttempts: 0,
    applicationName: 'latchkey' satisfies ApplicationName,
    poolSize: database.pool.max,
    connectTimeoutMS: database.pool.acquireTimeout,
    poolErrorHandler: (error: unknown) =>
      log.warn({ err: error, pool: 'latchkey' }, 'Lost an idle database connection'),
    extra: pooledBounds(database),
  };
}

function backgroundDatabase({ database }: DatabaseSettings, server: DatabaseServer, log: Logger): BackgroundDatabase {
  const pool = openPool(server.url, 'latchkey-jobs', database, log);
  return new BackgroundDatabase(pool, database.preparedStatements, () =>
    directClient(server.directUrl, 'latchkey-lock', database),
  );
}
