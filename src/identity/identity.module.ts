import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LOGGER } from '../common/common.module';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import type { Logger } from '../common/logger';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { Database } from '../database/database';
import { HashingLane } from '../protection/hashing-lane';
import { ProtectionModule } from '../protection/protection.module';
import { RevocationFeed } from '../revocation/revocation-feed';
import { RevocationStore } from '../revocation/revocation.store';
import { AccountChanges } from './account-changes.service';
import { LoginDirectory } from './login-directory';
import { PasswordVerifier } from './password-verifier';
import { PasswordHasher } from './passwords/password-hasher';
import { PasswordUpgrade } from './passwords/password-upgrade';
import { RegistrationService } from './registration.service';
import { User } from './user.entity';
import { UserStore } from './user.store';

/** Who people are and whether their password is right. */
@Module({
  imports: [TypeOrmModule.forFeature([User]), ProtectionModule],
  providers: [
    UserStore,
    PasswordUpgrade,
    PasswordVerifier,
    {
      provide: PasswordHasher,
      inject: [HashingLane, CONFIG, EventLog, LOGGER],
      useFactory: (lane: HashingLane, { auth }: Config, ...log: [EventLog, Logger]) =>
        new PasswordHasher(lane, auth.password, ...log),
    },
    {
      provide: LoginDirectory,
      inject: [UserStore, CONFIG],
      useFactory: (users: UserStore, { auth }: Config) => new LoginDirectory(users, auth.login.identifier),
    },
    {
      provide: RegistrationService,
      inject: [UserStore, PasswordHasher, CONFIG, EventLog],
      useFactory: (users: UserStore, hasher: PasswordHasher, { auth }: Config, events: EventLog) => {
        const settings = { registration: auth.registration, minPasswordLength: auth.password.minLength };
        return new RegistrationService(users, hasher, settings, events);
      },
    },
    {
      provide: AccountChanges,
      inject: [UserStore, Database, RevocationStore, RevocationFeed, EventLog, Clock],
      useFactory: (users: UserStore, ...outlets: [Database, RevocationStore, RevocationFeed, EventLog, Clock]) => {
        const [database, revocations, feed, events, clock] = outlets;
        return new AccountChanges(users, { database, revocations, feed, events, clock });
      },
    },
  ],
  exports: [AccountChanges, UserStore, PasswordHasher, PasswordVerifier, RegistrationService],
})
export class IdentityModule {}
