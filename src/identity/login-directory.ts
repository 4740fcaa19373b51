import { readIdentifier, type IdentifierPolicy } from './identifier';
import type { StoredPerson, UserStore } from './user.store';

/** Finds who means to sign in, by the kinds of identifier that the settings allow. */
export class LoginDirectory {
  constructor(
    private readonly users: UserStore,
    private readonly policy: IdentifierPolicy,
  ) {}

  /** Null also for an unknown tenant, a malformed identifier and one of a refused kind. */
  async find(tenantId: string | null, typed: string): Promise<StoredPerson | null> {
    const identifier = readIdentifier(typed, this.policy);
    return tenantId !== null && identifier ? this.users.findForLogin(tenantId, identifier) : null;
  }
}
