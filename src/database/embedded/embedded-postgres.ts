import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseStartError } from '../database-start-error';
import type { SocketConnection } from '../socket-url';
import { timeLimit } from '../time-limit';
import { runnableBinaries } from './binaries';
import { prepareCluster, prepareParent } from './data-directory';
import { LaunchedServer, type LaunchOptions, type ServerSettings } from './launched-server';
import { findPostmaster, removeStaleLocks, type Postmaster } from './postmaster';
import { isAlive } from './processes';
import type { ServerLog } from './server-log';
import { serverUser } from './server-user';
import { SOCKET_PORT, socketDirectory } from './socket-directory';
import { withStartLock } from './start-lock';

export interface EmbeddedOptions {
  /** Folder of the cluster; made when it is missing. */
  readonly dataDir: string;
  /** Added to the defaults; without effect on a server that another process has started. */
  readonly settings?: ServerSettings;
  readonly log: ServerLog;
}

const DEFAULTS: ServerSettings = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: 100,
  shared_buffers: '64MB',
  io_method: 'sync',
  jit: 'off',
  autovacuum_max_workers: 1,
  autovacuum_worker_slots: 2,
  max_wal_senders: 0,
  wal_level: 'minimal',
  max_wal_size: '256MB',
  // Lesser messages repeat statements and the values in them.
  log_min_messages: 'fatal',
};

const START_LIMIT_MS = 60_000;
const POLL_MS = 10;
const WATCH_MS = 200;
const RETRY_MS = 1_000;
/** A server that is still going down, or whose children are, keeps the next one from starting for a moment. */
const IN_THE_WAY = /lock file|shared memory block/;

/**
 * A real PostgreSQL on a private Unix socket, started here or, when another process has started it, shared with that.
 * Whenever it is gone, one of the processes that use it starts it again within about a second.
 */
export async function startEmbeddedPostgres({ dataDir, settings, log }: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const all = { ...DEFAULTS, ...settings };
  const user = await serverUser(path.resolve(dataDir));
  const folder = await prepareParent(dataDir, user);
  const bin = await runnableBinaries(user, path.dirname(folder));
  await prepareCluster(folder, { bin, user, durable: all.fsync !== 'off' });
  const socketDir = await socketDirectory(folder, user);
  const server = new EmbeddedPostgres({ bin, dataDir: folder, socketDir, port: SOCKET_PORT, user, settings: all, log });
  await server.join();
  return server;
}

/** This process's share in the embedded server. */
export class EmbeddedPostgres {
  #postmaster: Postmaster | null = null;
  #launched: LaunchedServer | null = null;
  #watch: NodeJS.Timeout | null = null;
  #recovery: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;

  constructor(private readonly options: LaunchOptions) {}

  get connection(): SocketConnection {
    const { socketDir: host, port } = this.#postmaster ?? this.options;
    return { host, port, user: 'postgres', database: 'postgres' };
  }

  /** The process number of the server that runs now. */
  get pid(): number {
    return this.#postmaster?.pid ?? 0;
  }

  /** True while the server is one that another process has started. */
  get adopted(): boolean {
    return this.#launched === null;
  }

  /** Takes part in the server: returns when it is ready, having started it if nobody else did. */
  async join(): Promise<void> {
    await this.#ensureRunning();
    this.#watch = setInterval(() => this.#look(), WATCH_MS).unref();
  }

  /** Ends the server if this process started it; the others start it again if they still need it. Idempotent. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#leave());
  }

  async #leave(): Promise<void> {
    if (this.#watch) clearInterval(this.#watch);
    await this.#recovery;
    await this.#launched?.stop();
  }

  #look(): void {
    if (this.#recovery || isAlive(this.pid)) return;
    this.#recovery = this.#recover().finally(() => (this.#recovery = null));
  }

  async #recover(): Promise<void> {
    this.options.log.warn({}, 'The embedded PostgreSQL is gone; starting it again');
    while (!this.#stopping) {
      try {
        await this.#ensureRunning();
        this.options.log.info({ pid: this.pid, adopted: this.adopted }, 'The embedded PostgreSQL runs again');
        return;
      } catch (error) {
        this.options.log.error({ err: error }, 'The embedded PostgreSQL did not start');
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  async #ensureRunning(): Promise<void> {
    const patient = timeLimit(START_LIMIT_MS);
    this.#launched = null;
    while (!this.#stopping) {
      this.#postmaster = findPostmaster(this.options.dataDir);
      if (this.#postmaster?.ready) return;
      if (!patient()) throw new DatabaseStartError('The embedded PostgreSQL did not become ready');
      if (this.#postmaster) await sleep(POLL_MS);
      else if (!(await withStartLock(this.options.dataDir, () => this.#launch(patient)))) await sleep(POLL_MS);
    }
  }

  /** Returns when the server is ready or when another one stood in the way, which the caller then finds. */
  async #launch(patient: () => boolean): Promise<void> {
    const { dataDir, socketDir } = this.options;
    if (findPostmaster(dataDir)) return;
    await removeStaleLocks(dataDir, socketDir);
    const launched = new LaunchedServer(this.options);
    while (launched.running && patient()) {
      if (findPostmaster(dataDir)?.ready) {
        this.#launched = launched;
        return;
      }
      await sleep(POLL_MS);
    }
    if (launched.running) await launched.stop();
    else if (IN_THE_WAY.test(launched.output)) return sleep(10 * POLL_MS);
    throw new DatabaseStartError(`The embedded PostgreSQL did not start: ${launched.output}`);
  }
}
