import { Global, Module, type DynamicModule } from '@nestjs/common';
import { AuditChainStore } from './audit-chain.store';
import { AuditKeys } from './audit-keys';
import { AuditPartitionsJob } from './audit-partitions.job';
import { AuditPartitionsStore } from './audit-partitions.store';
import { AuditReader } from './audit-reader.store';
import { AuditRecorder } from './audit-recorder';
import { AuditSealer } from './audit-sealer';
import { AuditSealingJob } from './audit-sealing.job';
import { AUDIT_ACTOR, type AuditActor } from './audit-sources';
import { AuditTrail } from './audit-trail';
import { AuditVerifier } from './audit-verifier';
import { AuditStore } from './audit.store';
import { WebhookCourier } from './webhook-courier';
import { WebhookDeliveryStore } from './webhook-delivery.store';
import { WebhookEndpoints } from './webhook-endpoints';
import { WebhookSender } from './webhook-sender';

const PARTS = [
  AuditKeys,
  AuditStore,
  AuditChainStore,
  AuditPartitionsStore,
  AuditRecorder,
  AuditTrail,
  AuditReader,
  AuditSealer,
  AuditVerifier,
  WebhookEndpoints,
  WebhookDeliveryStore,
];

/** Keeps what happened. Global: whoever changes something may write to the trail. */
@Global()
@Module({})
export class AuditModule {
  /** `actor`: who acts in this process when no request says so. */
  static forRoot(actor: AuditActor = null): DynamicModule {
    return { module: AuditModule, providers: [...PARTS, { provide: AUDIT_ACTOR, useValue: actor }], exports: PARTS };
  }
}

/** Seals, partitions and webhooks, for as long as the service runs. */
@Module({
  providers: [AuditSealingJob, AuditPartitionsJob, WebhookSender, WebhookCourier],
  exports: [AuditPartitionsJob, WebhookCourier],
})
export class AuditJobsModule {}
