import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { EventLog } from '../common/event-log';
import { Database, type Queryable } from '../database/database';
import { ForeignBelongings } from '../identity/foreign-belongings';
import { UserStore, type UserRef } from '../identity/user.store';
import type { FederatedIdentity } from './federated-identity';
import { FederatedIdentityStore, type LinkedIdentity } from './federated-identity.store';

/** The identities of a signed-in person. */
@Injectable()
export class IdentityLinks {
  constructor(
    private readonly database: Database,
    private readonly identities: FederatedIdentityStore,
    private readonly users: UserStore,
    private readonly events: EventLog,
    private readonly foreign: ForeignBelongings,
  ) {}

  list(user: UserRef): Promise<LinkedIdentity[]> {
    return this.identities.list(user);
  }

  /** Nothing happens when it is theirs already. @throws AuthError `conflict` when it opens another account. */
  async link({ tenantId, userId }: UserRef, identity: FederatedIdentity): Promise<void> {
    const added = await this.identities.add({ ...identity, tenantId, userId });
    if (added) return this.events.record('identity_linked', { tenantId, userId, kind: identity.provider });
    const owner = await this.identities.find({ ...identity, tenantId });
    if (owner?.userId !== userId) throw new AuthError('conflict', 'This sign-in belongs to another account');
  }

  /** @throws AuthError `not_found`; `conflict` when nothing else would let the person in. */
  async unlink(user: UserRef, id: string): Promise<void> {
    const person = await this.users.findPersonById(user.tenantId, user.userId);
    const hasCredential = person !== null && (person.passwordHash !== null || person.secondFactors.passkey);
    const provider = await this.database.transaction(async (tx) => {
      await this.identities.lockOwner(tx, user);
      const removed = await this.identities.remove(tx, user, id);
      if (removed !== null && !hasCredential) await this.requireAnother(tx, user);
      return removed;
    });
    if (provider === null) throw await this.foreign.notFound(user, 'identity', id);
    this.events.record('identity_unlinked', { ...user, kind: provider });
  }

  private async requireAnother(tx: Queryable, user: UserRef): Promise<void> {
    if ((await this.identities.list(user, tx)).length > 0) return;
    throw new AuthError('conflict', 'Nothing else would let you in: set a password or a passkey first');
  }
}
