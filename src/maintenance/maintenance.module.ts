import { Module } from '@nestjs/common';
import { WebhookDeliveryStore } from '../audit/webhook-delivery.store';
import { AccountCodeStore } from '../identity/codes/account-code.store';
import { InvitationStore } from '../identity/invitations/invitation.store';
import { IdentityModule } from '../identity/identity.module';
import { ProviderSessionStore } from '../identity/federated/provider-session.store';
import { SamlSessionStore } from '../identity/federated/saml-session.store';
import { UsedAssertionStore } from '../identity/federated/used-assertion.store';
import { KnownSignInStore } from '../identity/known-sign-in.store';
import { LetterOrderStore } from '../identity/letters/letter-order.store';
import { OutboxStore } from '../mail/outbox.store';
import { LockoutService } from '../protection/lockout.service';
import { DeviceStore } from '../identity/factors/device.store';
import { LoginChallengeStore } from '../identity/factors/login-challenge.store';
import { PasskeyCeremonyStore } from '../identity/factors/passkey-ceremony.store';
import { ProtectionModule } from '../protection/protection.module';
import { RateLimitStore } from '../protection/rate-limit.store';
import { RevocationStore } from '../revocation/revocation.store';
import { RefreshLedgerStore } from '../strategy/refresh-ledger.store';
import { SessionStore } from '../strategy/session.store';
import { TicketStore } from '../strategy/ticket.store';
import { CleanupJob } from './cleanup.job';
import { CleanupStore } from './cleanup.store';
import { PURGEABLE, type Purgeable } from './purgeable';

const FACTORS = [LoginChallengeStore, PasskeyCeremonyStore, DeviceStore];
const FEDERATED = [ProviderSessionStore, SamlSessionStore, UsedAssertionStore];

/** Jobs that run beside the requests. */
@Module({
  imports: [ProtectionModule, IdentityModule],
  providers: [
    CleanupJob,
    CleanupStore,
    {
      provide: PURGEABLE,
      useFactory: (lockout: LockoutService, ...stores: Purgeable[]): Purgeable[] => [
        ...stores,
        { purgeExpired: (now, limit) => lockout.purgeExpired(now, limit) },
      ],
      inject: [
        LockoutService,
        SessionStore,
        RefreshLedgerStore,
        RevocationStore,
        TicketStore,
        RateLimitStore,
        WebhookDeliveryStore,
        AccountCodeStore,
        KnownSignInStore,
        LetterOrderStore,
        OutboxStore,
        InvitationStore,
        ...FACTORS,
        ...FEDERATED,
      ],
    },
  ],
  exports: [CleanupJob, CleanupStore],
})
export class MaintenanceModule {}
