import { randomUUID } from 'node:crypto';
import { AuthError } from '@latchkey/nest';
import { type Clock } from '../../common/clock';
import { type EventLog } from '../../common/event-log';
import type { Queryable } from '../../database/database';
import type { Outbox } from '../../mail/outbox';
import type { Tenant } from '../../tenancy/tenant.entity';
import { assertDomain, assertNames, assertRoles, invalidAccount } from '../account-rules';
import { assertRolesOfTenant } from '../admin-roles';
import { hashOfAccountCode, newAccountCode } from '../codes/account-code-token';
import { emailKey, usernameKey } from '../identifier';
import type { UserRef } from '../user.store';
import type { Invitation, InvitationPage, InvitationStore, NewInvitation } from './invitation.store';

export interface InvitationSettings {
  /** Milliseconds for which a code is good. */
  readonly ttl: number;
  /** The page that takes the code. */
  readonly page: string;
  /** False: whoever invites hands the code over. */
  readonly sendsMail: boolean;
}

export interface InvitationOrder {
  readonly email: string;
  readonly roles: readonly string[];
  /** Who invites. */
  readonly by: string;
}

export interface SentInvitation {
  readonly invitation: Invitation;
  /** Where no mail is sent; null where the code is in the mailbox alone. */
  readonly code: string | null;
}

/** What whoever accepts chooses. */
export interface Acceptance {
  readonly code: string;
  readonly name?: string | null;
  readonly username?: string | null;
  readonly passwordHash: string;
}

/** How invitations reach people. */
export interface InvitationParts {
  readonly store: InvitationStore;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly events: EventLog;
}

/** Brings people into a tenant whom an administrator has asked to join. A code works once. */
export class Invitations {
  constructor(
    private readonly parts: InvitationParts,
    private readonly settings: InvitationSettings,
  ) {}

  /** In place of an earlier one to the same address. @throws AuthError `validation_failed` */
  async invite(tenant: Tenant, { email, roles, by }: InvitationOrder): Promise<SentInvitation> {
    const key = emailKey(email);
    if (key === null) throw invalidAccount([{ pointer: '/email', message: 'must be one e-mail address' }]);
    assertNames({ email });
    assertRoles(roles);
    assertRolesOfTenant(roles, tenant);
    assertDomain(email, tenant.emailDomains);
    const { code, hash } = newAccountCode();
    const createdAt = this.parts.clock.date();
    const invitation: NewInvitation = {
      ...{ id: randomUUID(), tenantId: tenant.id, email, emailKey: key, roles: [...new Set(roles)], hash },
      ...{ mailed: this.settings.sendsMail, invitedBy: by, createdAt },
      expiresAt: new Date(createdAt.getTime() + this.settings.ttl),
    };
    await this.parts.store.transaction(async (tx) => {
      await this.parts.store.put(tx, invitation);
      if (this.settings.sendsMail) await this.post(tx, invitation, tenant, code);
    });
    if (this.settings.sendsMail) this.parts.outbox.hurry();
    return { invitation, code: this.settings.sendsMail ? null : code };
  }

  /** Those of a tenant that nobody has accepted yet, oldest first. */
  pending(tenantId: string, page: InvitationPage): Promise<Invitation[]> {
    return this.parts.store.page(tenantId, this.parts.clock.date(), page);
  }

  /** Null when there is none. */
  tenantOf(id: string): Promise<string | null> {
    return this.parts.store.tenantOf(id);
  }

  /** False when there is none. */
  withdraw(tenantId: string, id: string): Promise<boolean> {
    return this.parts.store.withdraw(tenantId, id);
  }

  /** What the code is for; uses nothing up. @throws AuthError `invalid_grant` */
  async get(code: string): Promise<Invitation> {
    const invitation = await this.parts.store.findByCode(this.hashOf(code), this.parts.clock.date());
    if (!invitation) throw notValid('unknown');
    return invitation;
  }

  /** Makes the account. @throws AuthError `invalid_grant`; `conflict` when the address or the username is taken. */
  async accept({ code, name = null, username = null, passwordHash }: Acceptance): Promise<UserRef> {
    const hash = this.hashOf(code);
    const now = this.parts.clock.date();
    const user = { id: randomUUID(), name, username, usernameKey: usernameKey(username), passwordHash };
    const tenantId = await this.parts.store.transaction(async (tx) => {
      const taken = await this.parts.store.take(tx, hash, now);
      if (!taken) throw notValid('used');
      // Undoes the taking too: the code can be used with another username.
      if (!(await this.parts.store.join(tx, taken, user, now))) {
        throw new AuthError('conflict', 'There is an account of this address or this username already');
      }
      return taken.tenantId;
    });
    this.parts.events.record('user_registered', { tenantId, userId: user.id, kind: 'invited' });
    return { tenantId, userId: user.id };
  }

  private hashOf(code: string): Buffer {
    const hash = hashOfAccountCode(code);
    if (!hash) throw notValid('malformed');
    return hash;
  }

  private async post(tx: Queryable, { tenantId, email, expiresAt }: Invitation, tenant: Tenant, code: string) {
    const { page, ttl } = this.settings;
    // Behind the # of the address: what stands there is sent to no server and kept in no log.
    const facts = { code, link: `${page}#token=${code}`, life: ttl, tenant: tenant.name };
    await this.parts.outbox.add(tx, { kind: 'invitation', tenantId, userId: null, to: email, facts }, expiresAt);
  }
}

function notValid(detail: string): AuthError {
  const message = 'The invitation is not valid: it was used or withdrawn, or it has expired';
  return new AuthError('invalid_grant', message, { detail });
}
