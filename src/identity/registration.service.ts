import { AuthError } from '@latchkey/nest';
import type { EventLog } from '../common/event-log';
import { registrationOf, type RegistrationPolicy, type Tenant } from '../tenancy/tenant.entity';
import { assertDomain, assertNames, assertRoles, invalidAccount } from './account-rules';
import type { PasswordHasher } from './passwords/password-hasher';
import type { PasswordOwner, PasswordPolicy } from './passwords/password-policy';
import type { NewUser, UserStore } from './user.store';

export interface RegistrationSettings {
  /** For the default tenant when it has no setting of its own; other tenants are then closed. */
  readonly registration: 'open' | 'closed';
}

/** Someone makes an account for themselves. */
export interface Registration {
  readonly tenant: Tenant;
  readonly email: string;
  readonly username?: string | null;
  readonly name?: string | null;
  readonly password: string;
  /** The header as it was sent: what is wrong with a password is said in this language. */
  readonly acceptLanguage?: string;
}

/** An operator makes an account. One of `email` and `username` is needed; without a password nobody signs in with one. */
export interface UserToCreate {
  readonly tenantId: string;
  readonly email?: string | null;
  readonly username?: string | null;
  readonly name?: string | null;
  readonly roles?: readonly string[];
  readonly password?: string | null;
}

/** Makes accounts. */
export class RegistrationService {
  constructor(
    private readonly users: UserStore,
    private readonly hasher: PasswordHasher,
    private readonly policy: PasswordPolicy,
    private readonly settings: RegistrationSettings,
    private readonly events: EventLog,
  ) {}

  /**
   * Resolves the same way, after the same work, whether or not the address or the username was free. Throws `not_found`
   * where registration is not open, `validation_failed`, `weak_password`. True when an account was made: for mail alone.
   */
  async register({ tenant, password, acceptLanguage, ...names }: Registration): Promise<boolean> {
    if (this.policyOf(tenant) !== 'open') throw new AuthError('not_found', 'Registration is not open');
    const { email, username = null, name = null } = names;
    assertNames({ email, username, name });
    if (!email) throw invalidAccount([{ pointer: '/email', message: 'is needed' }]);
    assertDomain(email, tenant.emailDomains);
    const passwordHash = await this.hashNew(password, { ...names, tenant: tenant.name }, acceptLanguage);
    const userId = await this.users.create({ tenantId: tenant.id, email, username, name, passwordHash, roles: [] });
    if (userId) this.events.record('user_registered', { tenantId: tenant.id, userId });
    return userId !== null;
  }

  /** The new user's id. Throws `email_taken`, `conflict` (username), `validation_failed`, `weak_password`. For operators only: it tells what exists. */
  async createUser({ password = null, ...user }: UserToCreate): Promise<string> {
    assertNames(user);
    assertRoles(user.roles ?? []);
    const passwordHash = password === null ? null : await this.hashNew(password, user);
    const userId = await this.users.create({ ...user, passwordHash });
    if (!userId) throw await this.taken(user);
    this.events.record('user_changed', { tenantId: user.tenantId, userId, kind: 'created' });
    return userId;
  }

  /** Who may join a tenant: anybody, whoever is invited, nobody. */
  policyOf(tenant: Tenant): RegistrationPolicy {
    return registrationOf(tenant, this.settings.registration);
  }

  /** For administrators only: it tells what exists. @throws AuthError `email_taken` */
  async assertFree(tenantId: string, email: string): Promise<void> {
    if (await this.users.findByIdentifier(tenantId, email)) throw emailTaken();
  }

  /** The hash of a new password, where the rules allow it. Throws `validation_failed`, `weak_password`. */
  async hashNew(password: string, owner: PasswordOwner = {}, acceptLanguage?: string): Promise<string> {
    await this.policy.assertAcceptable(password, owner, acceptLanguage);
    return this.hasher.hash(password);
  }

  private async taken({ tenantId, email }: NewUser): Promise<AuthError> {
    const sameEmail = email ? await this.users.findByIdentifier(tenantId, email) : null;
    if (sameEmail) return emailTaken();
    return new AuthError('conflict', 'The username is taken in this tenant');
  }
}

function emailTaken(): AuthError {
  return new AuthError('email_taken', 'The e-mail address is taken in this tenant');
}
