import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { AuditReader, type AuditPage, type AuditScope } from '../audit/audit-reader.store';
import { AdminReach } from './admin-reach';
import type { AdminScope } from './admin-scope';
import type { AuditQuery } from './admin.schemas';

const ENTRIES = 50;

/** What happened, as far as an administrator may know. */
@Injectable()
export class AdminAuditTrail {
  constructor(
    private readonly reach: AdminReach,
    private readonly reader: AuditReader,
  ) {}

  /** Without a tenant an administrator of the platform sees everything. @throws AuthError `not_found`, `validation_failed` */
  async page(scope: AdminScope, query: AuditQuery): Promise<AuditPage> {
    const { limit = ENTRIES, after, tenant_id: named, event, from, to, ...ids } = query;
    const filter = {
      events: event === undefined ? undefined : [event],
      outcome: ids.outcome,
      actorId: ids.actor_id,
      targetId: ids.target_id,
      userId: ids.user_id,
      requestId: ids.request_id,
      from: from === undefined ? undefined : new Date(from),
      to: to === undefined ? undefined : new Date(to),
    };
    const page = await this.reader.page(await this.scopeOf(scope, named), filter, { cursor: after, limit });
    return page ?? malformed();
  }

  private async scopeOf(scope: AdminScope, named: string | undefined): Promise<AuditScope> {
    if (named !== undefined) return { tenantId: (await this.reach.tenant(scope, named)).id };
    return scope.platform ? 'platform' : { tenantId: scope.tenantId };
  }
}

function malformed(): never {
  throw new AuthError('validation_failed', 'Some of what was sent is not valid', {
    errors: [{ pointer: '/after', message: 'must be `next` of the page before' }],
  });
}
