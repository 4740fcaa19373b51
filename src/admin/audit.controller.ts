import { Get, Query } from '@nestjs/common';
import { eventFacts } from '../audit/audit-event';
import { AdminController } from './admin-controller.decorator';
import type { AdminScope } from './admin-scope';
import { Scope } from './admin.guard';
import { AdminOperation } from './admin.openapi';
import * as schemas from './admin.schemas';
import { AdminAuditTrail } from './audit-trail.service';

/** The audit trail, to be read. */
@AdminController('audit')
export class AdminAuditController {
  constructor(private readonly trail: AdminAuditTrail) {}

  @Get()
  @AdminOperation('listAudit')
  async list(@Scope() scope: AdminScope, @Query({ schema: schemas.auditQuery }) query: schemas.AuditQuery) {
    const { events, next } = await this.trail.page(scope, query);
    return { events: events.map(eventFacts), next };
  }
}
