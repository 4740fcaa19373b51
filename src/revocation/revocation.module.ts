import { RevocationMirror } from '@latchkey/nest';
import { Global, Module, type Provider } from '@nestjs/common';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { OPEN_FEED_CONNECTION, type OpenFeedConnection } from '../database/database.module';
import type { RedisConnection } from '../redis/redis-connection';
import { REDIS } from '../redis/redis.module';
import { PostgresPush } from './postgres-push';
import { RedisPush } from './redis-push';
import { RevocationFeed } from './revocation-feed';
import { RevocationPages } from './revocation-pages.store';
import { RevocationPush } from './revocation-push';
import { RevocationStore } from './revocation.store';

/** Through Redis where there is one, else through PostgreSQL. */
export const REVOCATION_PUSH: Provider = {
  provide: RevocationPush,
  inject: [CONFIG, REDIS, RevocationStore, OPEN_FEED_CONNECTION],
  useFactory: (config: Config, redis: RedisConnection | null, store: RevocationStore, open: OpenFeedConnection) =>
    redis ? new RedisPush(redis, config.redis.prefix) : new PostgresPush(store, open),
};

/** The revocation feed of this process. */
@Global()
@Module({
  providers: [RevocationStore, RevocationMirror, RevocationFeed, RevocationPages, REVOCATION_PUSH],
  exports: [RevocationStore, RevocationMirror, RevocationFeed, RevocationPages],
})
export class RevocationModule {}
