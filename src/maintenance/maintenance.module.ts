import { Module } from '@nestjs/common';
import { LoginAttemptStore } from '../protection/login-attempt.store';
import { ProtectionModule } from '../protection/protection.module';
import { RevocationStore } from '../revocation/revocation.store';
import { RefreshLedgerStore } from '../strategy/refresh-ledger.store';
import { SessionStore } from '../strategy/session.store';
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
      useFactory: (...stores: Purgeable[]) => stores,
      inject: [SessionStore, RefreshLedgerStore, RevocationStore, LoginAttemptStore],
    },
  ],
  exports: [CleanupJob, CleanupStore],
})
export class MaintenanceModule {}
