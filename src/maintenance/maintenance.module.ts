import { Module } from '@nestjs/common';
import { LockoutService } from '../protection/lockout.service';
import { ProtectionModule } from '../protection/protection.module';
import { RevocationStore } from '../revocation/revocation.store';
import { RefreshLedgerStore } from '../strategy/refresh-ledger.store';
import { SessionStore } from '../strategy/session.store';
import { TicketStore } from '../strategy/ticket.store';
import { CleanupJob } from './cleanup.job';
import { CleanupStore } from './cleanup.store';
import { PURGEABLE, type Purgeable } from './purgeable';

/** Jobs that run beside the requests. */
@Module({
  imports: [ProtectionModule],
  providers: [
    CleanupJob,
    CleanupStore,
    {
      provide: PURGEABLE,
      useFactory: (lockout: LockoutService, ...stores: Purgeable[]): Purgeable[] => [
        ...stores,
        { purgeExpired: (now, limit) => lockout.purgeExpired(now, limit) },
      ],
      inject: [LockoutService, SessionStore, RefreshLedgerStore, RevocationStore, TicketStore],
    },
  ],
  exports: [CleanupJob, CleanupStore],
})
export class MaintenanceModule {}
