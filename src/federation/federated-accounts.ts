import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { EventLog } from '../common/event-log';
import { Database, type Queryable } from '../database/database';
import { isOfDomain, isOneLine } from '../identity/account-rules';
import { emailKey, usernameKey } from '../identity/identifier';
import { UserStore, type NewUser, type UserRef } from '../identity/user.store';
import { TenantResolver } from '../tenancy/tenant-resolver';
import type { FederatedContext, FederatedIdentity, IdentityKey } from './federated-identity';
import { FederatedIdentityStore } from './federated-identity.store';
import { ProviderRoles } from './provider-roles';

/** Undoes what a transaction wrote. */
class IdentityTaken extends Error {}

/** Which account an identity opens. An address alone never does. */
@Injectable()
export class FederatedAccounts {
  constructor(
    private readonly database: Database,
    private readonly identities: FederatedIdentityStore,
    private readonly users: UserStore,
    private readonly roles: ProviderRoles,
    private readonly tenants: TenantResolver,
    private readonly events: EventLog,
  ) {}

  /**
   * Of several first sign-ins at once one makes the account, and all of them get it.
   * @throws AuthError `account_not_linked`, `email_taken`, `account_disabled`
   */
  async admit(identity: FederatedIdentity, context: FederatedContext): Promise<UserRef> {
    const key = { tenantId: context.tenantId, issuer: identity.issuer, subject: identity.subject };
    const user =
      (await this.identities.find(key)) ??
      (await this.linked(identity, context)) ??
      (await this.registered(identity, context)) ??
      // Another sign-in of the same person was faster.
      (await this.identities.find(key));
    if (!user) throw refusal(context);
    await this.identities.signedIn(key, identity.provider);
    await this.roles.apply(user, identity, context.rules);
    return user;
  }

  /** Only an address that both sides have verified leads to an account, and only where the configuration says so. */
  private async linked(identity: FederatedIdentity, { tenantId, rules }: FederatedContext): Promise<UserRef | null> {
    const key = rules.linkByVerifiedEmail ? verifiedKey(identity) : null;
    const person = key === null ? null : await this.users.findForLogin(tenantId, { kind: 'email', key });
    if (!person?.emailVerified) return null;
    if (person.status !== 'active') throw new AuthError('account_disabled', 'This account is disabled');
    const user = { tenantId, userId: person.id };
    if (!(await this.identities.add({ ...identity, ...user }))) return null;
    this.events.record('identity_linked', { ...user, kind: identity.provider, reason: 'verified_email' });
    return user;
  }

  private async registered(identity: FederatedIdentity, context: FederatedContext): Promise<UserRef | null> {
    if (context.rules.registration !== 'open') return null;
    const { tenantId } = context;
    await this.requireDomain(identity, tenantId);
    const user = { ...newUser(identity, tenantId), roles: await this.roles.of(identity, tenantId) };
    const userId = await this.database
      .transaction((tx) => this.create(tx, user, { ...identity, tenantId }))
      .catch((error: unknown) => {
        if (error instanceof IdentityTaken) return null;
        throw error;
      });
    if (userId === null) return null;
    this.events.record('user_registered', { tenantId, userId, kind: identity.provider });
    return { tenantId, userId };
  }

  /** A tenant whose accounts must be of certain domains takes the word of nobody about an address that is not verified. */
  private async requireDomain(identity: FederatedIdentity, tenantId: string): Promise<void> {
    const domains = (await this.tenants.resolve({ tenantId }))?.emailDomains ?? [];
    const { email } = newUser(identity, tenantId);
    if (domains.length > 0 && !(email && isOfDomain(email, domains))) throw notLinked();
  }

  /** Null when the address is taken. A username that is taken is done without: it is no reason to keep somebody out. */
  private async create(tx: Queryable, user: NewUser, identity: IdentityKey & { provider: string }) {
    const username = user.email ? null : madeUp(identity.provider);
    const named = user.username || user.email ? await this.users.create(user, tx) : null;
    const userId = named ?? (await this.users.create({ ...user, username }, tx));
    if (userId && !(await this.identities.add({ ...identity, userId }, tx))) throw new IdentityTaken();
    return userId;
  }
}

/** An address that nobody has verified is left out: an account with it would keep its owner from making one. */
function newUser(identity: FederatedIdentity, tenantId: string): NewUser {
  const email = verifiedKey(identity) === null ? null : identity.email;
  const username = usernameKey(identity.username) === null ? null : identity.username;
  const name = isOneLine(identity.name) ? identity.name : null;
  return { tenantId, email, emailVerified: email !== null, username, name };
}

function verifiedKey({ email, emailVerified }: FederatedIdentity): string | null {
  return emailVerified === true ? emailKey(email) : null;
}

/** Every account has an address or a username. */
function madeUp(provider: string): string {
  return `${provider.slice(0, 40)}-${randomBytes(8).toString('hex')}`;
}

/** Where nobody gets an account the answer is one for all. An address is told to be taken to whoever has it alone. */
function refusal({ rules }: FederatedContext): AuthError {
  if (rules.registration === 'open') {
    return new AuthError('email_taken', 'This e-mail address has an account: sign in to it, then link this provider');
  }
  return notLinked();
}

function notLinked(): AuthError {
  return new AuthError('account_not_linked', 'No account is linked with this sign-in');
}
