import { AuthError } from '@latchkey/nest';
import type { EventLog } from '../common/event-log';
import { DEFAULT_TENANT_SLUG, type Tenant } from '../tenancy/tenant.entity';
import { assertNames, assertRoles, invalidAccount } from './account-rules';
import type { PasswordHasher } from './passwords/password-hasher';
import { assertHashable, assertLongEnough } from './passwords/password-rules';
import type { NewUser, UserStore } from './user.store';

export interface RegistrationSettings {
  /** For the default tenant when it has no setting of its own; other tenants are then closed. */
  readonly registration: 'open' | 'closed';
  /** Code points. */
  readonly minPasswordLength: number;
}

/** Someone makes an account for themselves. */
export interface Registration {
  readonly tenant: Tenant;
  readonly email: string;
  readonly username?: string | null;
  readonly name?: string | null;
  readonly password: string;
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
    private readonly settings: RegistrationSettings,
    private readonly events: EventLog,
  ) {}

  /**
   * Resolves the same way, after the same work, whether or not the address or the username was free. Throws `not_found`
   * where registration is not open, `validation_failed`, `weak_password`.
   */
  async register({ tenant, password, ...names }: Registration): Promise<void> {
    if (!this.isOpen(tenant)) throw new AuthError('not_found', 'Registration is not open');
    const { email, username = null, name = null } = names;
    assertNames({ email, username, name });
    if (!email) throw invalidAccount([{ pointer: '/email', message: 'is needed' }]);
    const passwordHash = await this.hashNew(password);
    const userId = await this.users.create({ tenantId: tenant.id, email, username, name, passwordHash, roles: [] });
    if (userId) this.events.record('user_registered', { tenantId: tenant.id, userId });
  }

  /** The new user's id. Throws `email_taken`, `conflict` (username), `validation_failed`, `weak_password`. For operators only: it tells what exists. */
  async createUser({ password = null, ...user }: UserToCreate): Promise<string> {
    assertNames(user);
    assertRoles(user.roles ?? []);
    const passwordHash = password === null ? null : await this.hashNew(password);
    const userId = await this.users.create({ ...user, passwordHash });
    if (!userId) throw await this.taken(user);
    this.events.record('user_changed', { tenantId: user.tenantId, userId, kind: 'created' });
    return userId;
  }

  private isOpen(tenant: Tenant): boolean {
    const fallback = tenant.slug === DEFAULT_TENANT_SLUG ? this.settings.registration : 'closed';
    return (tenant.registration ?? fallback) === 'open';
  }

  private hashNew(password: string): Promise<string> {
    assertHashable(password);
    assertLongEnough(password, this.settings.minPasswordLength);
    return this.hasher.hash(password);
  }

  private async taken({ tenantId, email }: NewUser): Promise<AuthError> {
    const sameEmail = email ? await this.users.findByIdentifier(tenantId, email) : null;
    if (sameEmail) return new AuthError('email_taken', 'The e-mail address is taken in this tenant');
    return new AuthError('conflict', 'The username is taken in this tenant');
  }
}
