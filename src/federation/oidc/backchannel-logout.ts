import { Injectable } from '@nestjs/common';
import type { UserRef } from '../../identity/user.store';
import { AuthStrategies } from '../../strategy/auth-strategies';
import { ModeCapabilities } from '../../strategy/mode-capabilities';
import { FederatedIdentityStore } from '../federated-identity.store';
import { ProviderSessionStore } from '../../identity/federated/provider-session.store';
import { UsedAssertionStore } from '../../identity/federated/used-assertion.store';
import { LogoutTokens, notValid, type LogoutToken } from './logout-token';
import { ProviderRegistry } from './provider-registry';
import type { OidcProvider } from './oidc-provider';

/** What logout tokens are judged by and lead to. */
@Injectable()
export class LogoutSubjects {
  constructor(
    private readonly identities: FederatedIdentityStore,
    private readonly sessions: ProviderSessionStore,
  ) {}

  /** The accounts that are meant; none when nobody of theirs has an account here. */
  of({ name, issuer }: OidcProvider, { subject, sid }: LogoutToken): Promise<UserRef[]> {
    if (subject !== null) return this.identities.findEverywhere(name, issuer, subject);
    return this.sessions.find(issuer, sid ?? '');
  }
}

/** A provider says that somebody has signed out there: every login of their account ends here. */
@Injectable()
export class BackchannelLogout {
  constructor(
    private readonly providers: ProviderRegistry,
    private readonly tokens: LogoutTokens,
    private readonly used: UsedAssertionStore,
    private readonly subjects: LogoutSubjects,
    private readonly strategies: AuthStrategies,
    private readonly capabilities: ModeCapabilities,
  ) {}

  /** @throws AuthError `validation_failed`, `unavailable`, `not_found`, `unsupported_in_mode` */
  async end(name: string, token: string): Promise<void> {
    const connected = await this.providers.connect(name);
    const logout = await this.tokens.read(connected, token);
    const { issuer } = connected.provider;
    if (!(await this.used.use(issuer, logout.id, logout.expiresAt))) throw notValid('used before');
    try {
      for (const user of await this.subjects.of(connected.provider, logout)) {
        const { mode } = await this.capabilities.ofTenant(user);
        await this.strategies.of(mode).revoke({ kind: 'user', ...user }, 'logout');
      }
    } catch (error) {
      // The provider tries again, and must be heard then.
      await this.used.forget(issuer, logout.id);
      throw error;
    }
  }
}
