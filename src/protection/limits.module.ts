import { Global, Module } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import type { RedisConnection } from '../redis/redis-connection';
import { REDIS } from '../redis/redis.module';
import { TenancyModule } from '../tenancy/tenancy.module';
import { AccountLimits } from './account-limits';
import { policiesOf } from './limit-policies';
import { limiterOf } from './limiters';
import { LimiterOutage } from './limiter-outage';
import { LOCKOUT_KEY } from './lockout-key.token';
import { RateLimitStore } from './rate-limit.store';
import { RateLimits } from './rate-limits';
import { RefusalLog } from './refusal-log';

/** Limits on how often strangers may try, for every route that names one. `LOCKOUT_KEY` comes from a global module. */
@Global()
@Module({
  imports: [TenancyModule],
  providers: [
    RateLimitStore,
    AccountLimits,
    {
      provide: RateLimits,
      inject: [CONFIG, LOCKOUT_KEY, RateLimitStore, REDIS, EventLog, Clock],
      useFactory: (
        { auth, redis: { prefix } }: Config,
        key: Buffer,
        store: RateLimitStore,
        connection: RedisConnection | null,
        ...[events, clock]: [EventLog, Clock]
      ) => {
        const outageOf = (name: string): LimiterOutage => new LimiterOutage(name, clock, events);
        const stores = {
          postgres: { store, outage: outageOf('postgres') },
          redis: connection && { connection, prefix, outage: outageOf('redis') },
        };
        const policies = policiesOf(auth.limits, connection !== null);
        const limiters = policies.map(
          (policy) => [policy.name, { policy, limiter: limiterOf(policy, stores) }] as const,
        );
        return new RateLimits(new Map(limiters), key, new RefusalLog(events, clock));
      },
    },
  ],
  exports: [RateLimits, AccountLimits, RateLimitStore],
})
export class LimitsModule {}
