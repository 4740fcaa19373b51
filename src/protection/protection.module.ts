import { Module } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { HashingLane } from './hashing-lane';
import { LOCKOUT_KEY } from './lockout-key.token';
import { LockoutService } from './lockout.service';
import { LoginAttemptStore } from './login-attempt.store';

/** Limits on what strangers can make the service do. `LOCKOUT_KEY` comes from a global module. */
@Module({
  providers: [
    LoginAttemptStore,
    {
      provide: HashingLane,
      inject: [CONFIG, Clock],
      useFactory: ({ auth }: Config, clock: Clock) =>
        new HashingLane({ maxConcurrent: auth.password.maxConcurrent }, clock),
    },
    {
      provide: LockoutService,
      inject: [CONFIG, LOCKOUT_KEY, LoginAttemptStore, EventLog, Clock],
      useFactory: ({ auth }: Config, key: Buffer, ...rest: [LoginAttemptStore, EventLog, Clock]) => {
        const [attempts, events, clock] = rest;
        return new LockoutService(attempts, { ...auth.lockout, key }, events, clock);
      },
    },
  ],
  exports: [LoginAttemptStore, HashingLane, LockoutService],
})
export class ProtectionModule {}
