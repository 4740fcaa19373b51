import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LOGGER } from '../common/common.module';
import { Clock } from '../common/clock';
import { deriveKey } from '../common/digest';
import { EventLog } from '../common/event-log';
import type { Logger } from '../common/logger';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { Database } from '../database/database';
import { mailDeliveryOf } from '../mail/mail-delivery';
import { Outbox } from '../mail/outbox';
import { HashingLane } from '../protection/hashing-lane';
import { LOCKOUT_KEY } from '../protection/lockout-key.token';
import { LoginAttemptStore } from '../protection/login-attempt.store';
import { ProtectionModule } from '../protection/protection.module';
import { RevocationFeed } from '../revocation/revocation-feed';
import { RevocationStore } from '../revocation/revocation.store';
import { AccountCodeStore } from './codes/account-code.store';
import { AccountUnlock } from './account-unlock.service';
import { AccountChanges } from './account-changes.service';
import { BelongingStore } from './belonging.store';
import { CurrentPeople } from './current-people';
import { ProviderSessionStore } from './federated/provider-session.store';
import { SamlSessionStore } from './federated/saml-session.store';
import { SamlSessions } from './federated/saml-sessions';
import { UsedAssertionStore } from './federated/used-assertion.store';
import { FactorProofs } from './factors/factor-proofs';
import { CodeVerifier } from './factors/code-verifier';
import { DeviceStore } from './factors/device.store';
import { Devices } from './factors/devices';
import { FactorChanges } from './factors/factor-changes';
import { FactorLockout } from './factors/factor-lockout';
import { LoginChallengeStore } from './factors/login-challenge.store';
import { LoginChallenges } from './factors/login-challenges';
import { PasskeyCeremonyStore } from './factors/passkey-ceremony.store';
import { PasskeyStore } from './factors/passkey.store';
import { Passkeys } from './factors/passkeys';
import { RecoveryCodeStore } from './factors/recovery-code.store';
import { RecoveryCodes } from './factors/recovery-codes';
import { Totp } from './factors/totp';
import { TotpStore } from './factors/totp.store';
import { AccountEmailStore } from './account-email.store';
import { AccountRecovery } from './account-recovery.service';
import { Invitations } from './invitations/invitations';
import { InvitationStore } from './invitations/invitation.store';
import { KnownSignInStore } from './known-sign-in.store';
import { LetterOrderStore } from './letters/letter-order.store';
import { accountPages, letterOrders } from './letters/letter-desk.module';
import { LetterOrders } from './letters/letter-orders';
import { Notices } from './letters/notices';
import { AccountDirectory } from './account-directory.store';
import { Administrators } from './administrators.store';
import { FactorReset } from './factor-reset';
import { ForeignBelongings } from './foreign-belongings';
import { LoginDirectory } from './login-directory';
import { PasswordVerifier } from './password-verifier';
import { PasswordHasher } from './passwords/password-hasher';
import { passwordPolicyProviders } from './passwords/password-policy.providers';
import { PasswordPolicy } from './passwords/password-policy';
import { PasswordUpgrade } from './passwords/password-upgrade';
import { RegistrationService } from './registration.service';
import { UserImportStore } from './user-import.store';
import { UserImport } from './user-import.service';
import { User } from './user.entity';
import { UserStore } from './user.store';

type Outlets = [Database, RevocationStore, RevocationFeed, EventLog, Clock];

const FACTORS = [
  CodeVerifier,
  DeviceStore,
  Devices,
  FactorChanges,
  LoginChallengeStore,
  LoginChallenges,
  PasskeyCeremonyStore,
  PasskeyStore,
  Passkeys,
  RecoveryCodeStore,
  RecoveryCodes,
  FactorProofs,
  Totp,
  TotpStore,
];

/** What providers have said that is over one day. */
const FEDERATED = [ProviderSessionStore, SamlSessions, SamlSessionStore, UsedAssertionStore];

/** Who people are and whether their password is right. */
@Module({
  imports: [TypeOrmModule.forFeature([User]), ProtectionModule],
  providers: [
    ...FACTORS,
    ...FEDERATED,
    UserStore,
    BelongingStore,
    ForeignBelongings,
    CurrentPeople,
    AccountUnlock,
    UserImport,
    UserImportStore,
    AccountCodeStore,
    AccountEmailStore,
    AccountRecovery,
    KnownSignInStore,
    LetterOrderStore,
    letterOrders,
    InvitationStore,
    Notices,
    AccountDirectory,
    Administrators,
    { provide: FactorReset, useExisting: FactorChanges },
    PasswordUpgrade,
    PasswordVerifier,
    ...passwordPolicyProviders,
    {
      provide: PasswordHasher,
      inject: [HashingLane, CONFIG, EventLog, LOGGER],
      useFactory: (lane: HashingLane, { auth }: Config, ...log: [EventLog, Logger]) =>
        new PasswordHasher(lane, auth.password, ...log),
    },
    {
      provide: Invitations,
      inject: [InvitationStore, Outbox, Clock, EventLog, CONFIG],
      useFactory: (store: InvitationStore, outbox: Outbox, clock: Clock, events: EventLog, config: Config) => {
        const { invitationTtl: ttl, pages } = config.auth.email;
        const page = pages.invitation ?? `${accountPages(config)}/accept-invitation`;
        return new Invitations(
          { store, outbox, clock, events },
          { ttl, page, sendsMail: mailDeliveryOf(config) !== 'none' },
        );
      },
    },
    {
      provide: LoginDirectory,
      inject: [UserStore, Devices, CONFIG],
      useFactory: (users: UserStore, devices: Devices, { auth }: Config) =>
        new LoginDirectory(users, devices, auth.login.identifier, auth.email.requireVerification),
    },
    {
      provide: FactorLockout,
      inject: [CONFIG, LOCKOUT_KEY, LoginAttemptStore, EventLog, Clock],
      useFactory: ({ auth }: Config, key: Buffer, ...rest: [LoginAttemptStore, EventLog, Clock]) => {
        const { maxAttempts, lockoutDuration } = auth.mfa;
        const settings = { maxAttempts, duration: lockoutDuration, key: deriveKey(key, 'second factors') };
        return new FactorLockout(rest[0], settings, rest[1], rest[2]);
      },
    },
    {
      provide: RegistrationService,
      inject: [UserStore, PasswordHasher, PasswordPolicy, CONFIG, EventLog],
      useFactory: (
        ...[users, hasher, policy, { auth }, events]: [UserStore, PasswordHasher, PasswordPolicy, Config, EventLog]
      ) => new RegistrationService(users, hasher, policy, { registration: auth.registration }, events),
    },
    {
      provide: AccountChanges,
      inject: [UserStore, AccountCodeStore, DeviceStore, Database, RevocationStore, RevocationFeed, EventLog, Clock],
      useFactory: (users: UserStore, codes: AccountCodeStore, devices: DeviceStore, ...outlets: Outlets) => {
        const [database, revocations, feed, events, clock] = outlets;
        return new AccountChanges(users, { database, revocations, codes, devices, feed, events, clock });
      },
    },
  ],
  exports: [
    CurrentPeople,
    AccountUnlock,
    ...FACTORS,
    ...FEDERATED,
    FactorLockout,
    AccountChanges,
    AccountCodeStore,
    AccountRecovery,
    KnownSignInStore,
    LetterOrders,
    LetterOrderStore,
    Notices,
    UserImport,
    UserStore,
    PasswordHasher,
    PasswordPolicy,
    AccountDirectory,
    Administrators,
    ForeignBelongings,
    Invitations,
    InvitationStore,
    FactorReset,
    PasswordVerifier,
    RegistrationService,
  ],
})
export class IdentityModule {}
