import { RateLimiterPostgres, RateLimiterRedis, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { RedisConnection } from '../redis/redis-connection';
import { BoundedMemoryLimiter } from './bounded-memory-limiter';
import type { LimitPolicy } from './limit-policies';
import type { LimiterOutage } from './limiter-outage';
import type { LimiterQuery, RateLimitStore } from './rate-limit.store';

/** Where counts can be kept beside memory, and what is known of its being there. */
export interface SharedStores {
  readonly postgres: { readonly store: RateLimitStore; readonly outage: LimiterOutage };
  readonly redis: {
    readonly connection: RedisConnection;
    readonly prefix: string;
    readonly outage: LimiterOutage;
  } | null;
}

/** The library's limiter for one policy. Behind a store stands a stricter one in memory, for when the store is lost. */
export function limiterOf(policy: LimitPolicy, { postgres, redis }: SharedStores): RateLimiterAbstract {
  const { name: keyPrefix, points, seconds: duration, store } = policy;
  if (store === 'memory') return new BoundedMemoryLimiter({ keyPrefix, points, duration });
  const shared = {
    points,
    duration,
    // Who is over the limit already is refused without asking the store.
    inMemoryBlockOnConsumed: points,
    insuranceLimiter: new BoundedMemoryLimiter({ keyPrefix, points: Math.ceil(points / 2), duration }),
  };
  if (store === 'redis' && redis) {
    const storeClient = redisClient(redis.connection, redis.outage);
    return new RateLimiterRedis({ ...shared, keyPrefix: `${redis.prefix}:limit:${keyPrefix}`, storeClient });
  }
  const storeClient = { query: (query: LimiterQuery) => postgres.outage.ask(() => postgres.store.query(query)) };
  const table = { tableName: 'rate_limits', tableCreated: true, clearExpiredByTimeout: false };
  return new RateLimiterPostgres({ ...shared, ...table, keyPrefix, storeClient, storeType: 'client' });
}

/** What the library needs of an ioredis client, asked through our connection, which never waits long. */
function redisClient(connection: RedisConnection, outage: LimiterOutage): object {
  let script = '';
  return {
    defineCommand: (_: string, { lua }: { lua: string }) => void (script = lua),
    rlflxIncr: ([key = '', ...values]: string[]) =>
      outage.ask(async () => {
        const answer = await connection.ask((redis) => redis.eval(script, 1, key, ...values));
        if (answer === null) throw new Error('Redis does not answer');
        return answer;
      }),
  };
}
