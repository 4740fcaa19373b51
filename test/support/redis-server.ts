import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './test-server';
import { until } from './until';

const run = promisify(execFile);

/** A Redis of the test's own, on a free port; nothing of it outlives the test. */
export interface RedisServer {
  readonly port: number;
  /** `redis://:password@127.0.0.1:port/0` */
  readonly url: string;
  readonly pid: number;
  /** Runs a command over a connection of its own. */
  command(...words: string[]): Promise<string>;
  /** SIGSTOP: connections stay, answers do not come. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** Everything it held is gone. */
  flush(): Promise<void>;
  /** SIGKILL. Idempotent. */
  kill(): Promise<void>;
  /** An empty one in its place, on the same port. */
  restart(): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

interface Options {
  readonly port?: number;
  readonly password?: string;
  /** Further arguments of redis-server. */
  readonly settings?: readonly string[];
}

/** Fails, never skips, where there is no redis-server. */
export async function startRedis({
  port: wanted,
  password = 'a p@ss/word',
  settings = [],
}: Options = {}): Promise<RedisServer> {
  const folder = await temporaryFolder();
  const port = wanted ?? (await freePort());
  const secret = password === '' ? [] : ['--requirepass', password];
  const basics = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const launch = (): Promise<ChildProcess> => launched('redis-server', [...basics, ...secret, ...settings]);
  const command = (...words: string[]): Promise<string> => redisCli(port, password, words);
  let server = await launch();
  const answers = (): Promise<void> =>
    until('Redis answers', () =>
      command('PING').then(
        (text) => text === 'PONG',
        () => false,
      ),
    );
  await answers();
  const kill = (): Promise<void> => ended(server);
  return {
    port,
    url: `redis://${password === '' ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}/0`,
    get pid() {
      return server.pid as number;
    },
    command,
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    flush: async () => void (await command('FLUSHALL')),
    kill,
    restart: async () => {
      await kill();
      server = await launch();
      await answers();
    },
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Three masters that share all slots; `url` names two of them. */
export async function startRedisCluster(): Promise<{ url: string; nodes: RedisServer[]; stop(): Promise<void> }> {
  const settings = [
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    '2000',
    '--cluster-config-file',
    'nodes.conf',
  ];
  const nodes = await Promise.all([1, 2, 3].map(() => startRedis({ password: '', settings })));
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`);
  await run('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-replicas', '0', '--cluster-yes']);
  const isWhole = async (node: RedisServer): Promise<boolean> =>
    (await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok');
  await until('the cluster is whole', async () => (await Promise.all(nodes.map(isWhole))).every(Boolean));
  return {
    url: `redis+cluster://${hosts.slice(0, 2).join(',')}`,
    nodes,
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}

/** A master, its replica, and a sentinel that fails over after a second. */
export async function startRedisSentinel(): Promise<{
  url: string;
  master: RedisServer;
  replica: RedisServer;
  stop(): Promise<void>;
}> {
  const password = 'sesame';
  const master = await startRedis({ password, settings: ['--masterauth', password] });
  const follow = ['--masterauth', password, '--replicaof', `127.0.0.1 ${master.port}`];
  const replica = await startRedis({ password, settings: follow });
  await until('the replica follows', async () =>
    (await replica.command('INFO', 'replication')).includes('master_link_status:up'),
  );
  const folder = await temporaryFolder();
  const port = await freePort();
  const file = path.join(folder, 'sentinel.conf');
  await writeFile(file, sentinelSettings({ port, folder, password, master: master.port }));
  const sentinel = await launched('redis-server', [file, '--sentinel']);
  const sees = async (): Promise<boolean> =>
    (await redisCli(port, 'guard', ['SENTINEL', 'REPLICAS', 'main'])).includes(String(replica.port));
  await until('the sentinel knows the replica', () => sees().catch(() => false), { within: 20_000, every: 100 });
  return {
    url: `redis+sentinel://:${password}@127.0.0.1:${port}/main/0?sentinel_password=guard`,
    master,
    replica,
    stop: async () => {
      await Promise.all([ended(sentinel), master.stop(), replica.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function sentinelSettings(of: { port: number; folder: string; password: string; master: number }): string {
  return [
    `port ${of.port}`,
    'bind 127.0.0.1',
    `dir ${of.folder}`,
    'requirepass guard',
    `sentinel monitor main 127.0.0.1 ${of.master} 1`,
    `sentinel auth-pass main ${of.password}`,
    'sentinel down-after-milliseconds main 1000',
    'sentinel failover-timeout main 5000',
    '',
  ].join('\n');
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  // The port of a cluster node's bus is 10,000 higher.
  return port < 55_000 ? port : freePort();
}

async function launched(program: string, args: readonly string[]): Promise<ChildProcess> {
  const server = spawn(program, args, { stdio: 'ignore' });
  await once(server, 'spawn');
  const kill = (): void => void server.kill('SIGKILL');
  process.once('exit', kill);
  server.once('exit', () => process.off('exit', kill));
  return server;
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = once(server, 'exit');
  server.kill('SIGKILL');
  await exit;
}

async function redisCli(port: number, password: string, words: readonly string[]): Promise<string> {
  const env = { ...process.env, ...(password !== '' && { REDISCLI_AUTH: password }) };
  const { stdout } = await run('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...words], { env, timeout: 5_000 });
  return stdout.trim();
}
