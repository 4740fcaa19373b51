import type { Clock } from '../../src/common/clock';
import { EventLog } from '../../src/common/event-log';
import { createLogger } from '../../src/common/logger';
import { redisClient } from '../../src/redis/redis-client';
import { RedisConnection } from '../../src/redis/redis-connection';
import { RedisLog } from '../../src/redis/redis-log';

export const REDIS_LIMITS = { prefix: 'test', commandTimeout: 250, connectTimeout: 1_000 };

/** What a process has of Redis, and the events that it wrote about it. */
export interface OpenedRedis {
  readonly redis: RedisConnection;
  readonly logged: readonly string[];
}

export async function openRedis(url: string, clock: Clock): Promise<OpenedRedis> {
  const logged: string[] = [];
  const write = (line: string): void => void logged.push((JSON.parse(line) as { event: string }).event);
  const log = new RedisLog(clock, new EventLog(createLogger('info', { write })));
  const redis = new RedisConnection(redisClient({ ...REDIS_LIMITS, url }, url), REDIS_LIMITS, log);
  await redis.open();
  return { redis, logged };
}
