import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import type { AppSettings } from '../../src/app.module';
import { Clock } from '../../src/common/clock';
import { createLogger } from '../../src/common/logger';
import { loadConfig } from '../../src/config/load-config';
import { createApp } from '../../src/create-app';
import { requestPool } from '../../src/database/request-pool';
import { HttpClient } from './http-client';
import { createTestDatabase, type TestDatabase } from './test-database';

/** Keys of the configuration, such as `auth.mode`, and their values. */
export type Settings = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Known to tests that sign tokens themselves; 64 bytes serve every hash. */
export const JWT_SECRET = 'a signing secret for tests, long enough for every hash there is!';

const ROOT = path.resolve(__dirname, '../..');

// What is tested is hardly ever how long a hash takes or how hard a password is to guess, and every test comes from one
// address. A database that is slow on a busy machine is none that is away.
const CHEAP: Settings = {
  'auth.password.argon2id.memory': 1024,
  'auth.password.argon2id.iterations': 1,
  'auth.password.argon2id.parallelism': 1,
  'auth.limits.enabled': false,
  'auth.password.min_strength': 0,
  'database.statement_timeout': '20s',
  'database.pool.acquire_timeout': '20s',
};

/** The machine's clock, moved forward at will. */
export class TestClock extends Clock {
  private offset = 0;

  override now(): number {
    return super.now() + this.offset;
  }

  advance(milliseconds: number): void {
    this.offset += milliseconds;
  }
}

export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly level: string;
  readonly event?: string;
  readonly msg?: string;
}

export interface TestApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly http: HttpClient;
  readonly clock: TestClock;
  readonly database: TestDatabase;
  /** Everything logged so far, at every level. */
  readonly logs: readonly LogLine[];
  /** The lines of one security event. */
  logged(event: string): LogLine[];
  /** A provider of the running application, from whichever module. */
  provider<T>(type: Type<T> | (abstract new (...args: never[]) => T) | symbol): T;
  /** How often `work` made the request path ask the database. */
  reads(work: () => Promise<unknown>): Promise<number>;
  close(): Promise<void>;
}

export interface TestAppOptions {
  readonly settings?: Settings;
  readonly extend?: AppSettings['extend'];
  /** Shares the database of another application, which then outlives this one. */
  readonly database?: TestDatabase;
  readonly prepare?: AppSettings['prepare'];
  /** Default: any free one. */
  readonly port?: number;
  /** NODE_ENV; default: `test`. */
  readonly nodeEnv?: string;
}

/** Starts the service in this process, on a database and a port of its own. */
export async function startTestApp({
  settings = {},
  extend,
  database,
  prepare,
  port = 0,
  nodeEnv = 'test',
}: TestAppOptions = {}): Promise<TestApp> {
  const own = database === undefined ? await createTestDatabase() : null;
  const used = database ?? (own as TestDatabase);
  const dataDir = mkdtempSync(path.join(tmpdir(), 'latchkey-test-'));
  const clock = new TestClock();
  const logs: LogLine[] = [];
  const logger = createLogger('trace', { write: (line) => void logs.push(JSON.parse(line) as LogLine) });
  const env = { ...environment(used.url, dataDir, { ...CHEAP, ...settings }), NODE_ENV: nodeEnv };
  const config = loadConfig({ env, cwd: ROOT });
  const app = await createApp({ config, logger, clock, extend, prepare });
  await app.listen(port, '127.0.0.1');
  const url = await app.getUrl();
  return {
    app,
    url,
    http: new HttpClient(`${url}${config.server.basePath}`),
    clock,
    database: used,
    logs,
    logged: (event) => logs.filter((line) => line.event === event),
    provider: (type) => app.get(type as Type, { strict: false }),
    reads: (work) => countReads(app, work),
    close: async () => {
      await app.close();
      rmSync(dataDir, { recursive: true, force: true });
      await own?.drop();
    },
  };
}

/** The environment that `settings` stand for; nothing of the machine's own shows through. */
function environment(databaseUrl: string, dataDir: string, settings: Settings): Record<string, string> {
  const overrides = Object.entries(settings).map(([key, value]) => [
    `LATCHKEY__${key.toUpperCase().replaceAll('.', '__')}`,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
  return {
    NODE_ENV: 'test',
    DATABASE_URL: databaseUrl,
    LATCHKEY_DATA_DIR: dataDir,
    LATCHKEY_SECRET: `root key of ${path.basename(databaseUrl)}, thirty-two bytes and more`,
    JWT_SECRET,
    ...Object.fromEntries(overrides),
  };
}

async function countReads(app: NestFastifyApplication, work: () => Promise<unknown>): Promise<number> {
  const pool = requestPool(app.get(DataSource, { strict: false }));
  let reads = 0;
  const count = (): void => void (reads += 1);
  pool.on('acquire', count);
  try {
    await work();
  } finally {
    pool.off('acquire', count);
  }
  return reads;
}

/** Something that no other test has used. */
export function unique(word: string): string {
  return `${word}-${randomUUID().slice(0, 8)}`;
}
