import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisConfig } from '../config/config';
import { parseRedisUrl, type RedisAddress } from '../config/redis-url';

/** One server, the master that Sentinel names, or a cluster. */
export type RedisClient = Redis | Cluster;

const SLOWEST_RETRY = 2_000;

/** A client that is not connected yet. It reconnects by itself, and nothing waits inside it for a connection. */
export function redisClient(config: RedisConfig, url: string): RedisClient {
  const address = parseRedisUrl(url);
  if (!address) throw new Error('redis.url is not an address of Redis');
  if (address.kind === 'cluster') return clusterClient(address, config);
  const options = { ...connectionOptions(address, config), db: address.database, lazyConnect: true };
  if (address.kind === 'single') return new Redis({ ...options, ...address.nodes[0] });
  const { tls, nodes, masterName, sentinel } = address;
  return new Redis({
    ...options,
    sentinels: [...nodes],
    name: masterName,
    sentinelUsername: sentinel.username,
    sentinelPassword: sentinel.password,
    enableTLSForSentinelMode: tls,
    ...(tls && { sentinelTLS: {} }),
    sentinelCommandTimeout: config.connectTimeout,
    sentinelRetryStrategy: retryDelay,
  });
}

function clusterClient(address: RedisAddress & { kind: 'cluster' }, config: RedisConfig): Cluster {
  return new Cluster([...address.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelay,
    slotsRefreshTimeout: config.connectTimeout,
    // Certificates are made for names, and a cluster announces addresses.
    ...(address.tls && { dnsLookup: (host: string, done: (error: null, name: string) => void) => done(null, host) }),
    redisOptions: connectionOptions(address, config),
  });
}

function connectionOptions(address: RedisAddress, config: RedisConfig): RedisOptions {
  const { username, password, tls } = address;
  return {
    username,
    password,
    ...(tls && { tls: {} }),
    connectionName: 'latchkey',
    connectTimeout: config.connectTimeout,
    // A connection that owes answers for so long is given up: a frozen server must not collect commands.
    socketTimeout: config.connectTimeout,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: retryDelay,
    // After a failover the old master answers, but takes no writes: look for the new one.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  };
}

function retryDelay(times: number): number {
  return Math.min(SLOWEST_RETRY, 50 * 2 ** Math.min(times, 10));
}
