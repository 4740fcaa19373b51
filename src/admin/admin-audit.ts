import { Injectable } from '@nestjs/common';
import { EventLog, type EventParty } from '../common/event-log';
import type { AdminScope } from './admin-scope';

/** One thing that an administrator did. */
export interface AdminAction {
  /** Such as `user_disabled`. Stable: operators look for it. */
  readonly kind: string;
  readonly target: EventParty;
  /** The tenant that it was done in; null for what belongs to none. */
  readonly tenantId: string | null;
  /** Where the target is something of a user. */
  readonly userId?: string;
  readonly reason?: string;
}

/** Where everything that administrators write is recorded, once it is done. */
@Injectable()
export class AdminAudit {
  constructor(private readonly events: EventLog) {}

  record({ actorId }: AdminScope, { tenantId, ...action }: AdminAction): void {
    const actor = { kind: 'user', id: actorId } as const;
    this.events.record('admin_changed', { tenantId: tenantId ?? undefined, actor, ...action });
  }
}
