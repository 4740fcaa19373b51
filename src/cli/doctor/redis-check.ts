import { type Clock } from '../../common/clock';
import { EventLog } from '../../common/event-log';
import type { Logger } from '../../common/logger';
import type { Config } from '../../config/config';
import { parseRedisUrl } from '../../config/redis-url';
import { redisClient } from '../../redis/redis-client';
import { RedisConnection } from '../../redis/redis-connection';
import { RedisLog } from '../../redis/redis-log';
import type { Finding } from './finding';

const OLDEST = 6;
/** An answer that takes longer is hardly faster than PostgreSQL. Milliseconds. */
const SLOW = 20;

/** Whether the configured Redis answers, and how fast; nothing is stored in it. */
export async function redisFinding(config: Config, clock: Clock, log: Logger): Promise<Finding> {
  const { url } = config.redis;
  const check = 'redis';
  if (!url) return { check, status: 'ok', detail: 'none: PostgreSQL and memory do its work' };
  const kind = parseRedisUrl(url)?.kind;
  const redis = new RedisConnection(
    redisClient(config.redis, url),
    config.redis,
    new RedisLog(clock, new EventLog(log)),
  );
  try {
    await redis.open();
    const began = clock.monotonic();
    const info = await redis.ask((client) => client.info('server'));
    const milliseconds = Math.round(clock.monotonic() - began);
    const version = /redis_version:(\d+)\.(\d+)/.exec(info ?? '');
    if (!version) return unreachable(kind);
    return judged(`${version[1]}.${version[2]}`, milliseconds, kind);
  } finally {
    redis.onApplicationShutdown();
  }
}

function unreachable(kind: string | undefined): Finding {
  const detail = `${kind}: does not answer`;
  const mend = 'Start Redis, or mend redis.url (REDIS_URL); until then PostgreSQL does its work';
  return { check: 'redis', status: 'fail', detail, mend };
}

function judged(version: string, milliseconds: number, kind: string | undefined): Finding {
  const detail = `${kind}, version ${version}, answers in ${milliseconds} ms`;
  const facts = { kind, version, milliseconds };
  if (Number.parseInt(version) < OLDEST) {
    return { check: 'redis', status: 'fail', detail, mend: `Redis ${OLDEST} or later is needed`, facts };
  }
  if (milliseconds <= SLOW) return { check: 'redis', status: 'ok', detail, facts };
  const mend = 'Bring Redis closer: each session that a process does not know waits for it';
  return { check: 'redis', status: 'warn', detail, mend, facts };
}
