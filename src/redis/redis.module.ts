import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import type { Config } from '../config/config';
import type { RedisConnection } from './redis-connection';
import { RedisLog } from './redis-log';

/** Injection token of the `RedisConnection`, or of null when no Redis is configured. */
export const REDIS = Symbol('REDIS');

/** Redis, where one is configured. Waits for the first connection, but not long, and starts without it. */
@Global()
@Module({})
export class RedisModule {
  static forRoot(config: Pick<Config, 'redis'>): DynamicModule {
    const provider = {
      provide: REDIS,
      inject: [Clock, EventLog],
      useFactory: (clock: Clock, events: EventLog) => openRedis(config.redis, clock, events),
    };
    return { module: RedisModule, providers: [provider], exports: [REDIS] };
  }
}

async function openRedis(config: Config['redis'], clock: Clock, events: EventLog): Promise<RedisConnection | null> {
  if (!config.url) return null;
  // Read when it is needed: the client is one of the larger packages, and most installations do without.
  const [{ redisClient }, { RedisConnection }] = await Promise.all([
    import('./redis-client.js'),
    import('./redis-connection.js'),
  ]);
  const connection = new RedisConnection(redisClient(config, config.url), config, new RedisLog(clock, events));
  await connection.open();
  return connection;
}
