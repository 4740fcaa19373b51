import { AuthError } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { EventLog } from '../common/event-log';
import { BelongingStore, type Belonging } from './belonging.store';
import type { UserRef } from './user.store';

/** Tells ids of other people's things from ids that never were, to operators alone: both are answered alike. */
@Injectable()
export class ForeignBelongings {
  constructor(
    private readonly belongings: BelongingStore,
    private readonly events: EventLog,
  ) {}

  /** The error `not_found` for an id that is not among what is theirs. That it is somebody else's is recorded. */
  async notFound({ tenantId, userId }: UserRef, kind: Belonging, id: string): Promise<AuthError> {
    const owner = await this.belongings.ownerOf(kind, id);
    const target = { kind, id };
    if (owner !== null && owner.tenantId !== tenantId) {
      this.events.record('cross_tenant_attempt', { tenantId, userId, target });
    } else if (owner !== null && owner.userId !== userId) {
      this.events.record('cross_user_attempt', { tenantId, userId, kind: 'user', target });
    }
    return new AuthError('not_found', `There is no such ${kind}`);
  }
}
