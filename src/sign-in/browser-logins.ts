import { Injectable } from '@nestjs/common';
import type { LoginRef } from '../identity/federated/saml-session.store';
import { AuthStrategies } from '../strategy/auth-strategies';
import type { TokenGrant } from '../strategy/auth-strategy';
import { ProviderCookies } from './provider-cookies';
import type { ProviderLogin } from './provider-logins';
import { TokenCookies } from './token-cookies';

/** Logins that a browser keeps in cookies. */
@Injectable()
export class BrowserLogins {
  constructor(
    private readonly cookies: TokenCookies,
    private readonly providerCookies: ProviderCookies,
    private readonly strategies: AuthStrategies,
  ) {}

  /**
   * Values of `Set-Cookie` for a login that has just begun. It takes the place of the one that the browser presents, which
   * ends: whoever planted its cookies, or finds them later, has nothing.
   */
  async begin(grant: TokenGrant, remember: boolean, cookieHeader: string | undefined): Promise<string[]> {
    const written = this.cookies.set(grant, remember);
    await this.endPresented(cookieHeader, grant.sessionId);
    return [...written, ...this.providerCookies.clearPresented(cookieHeader)];
  }

  /** The same for a login that a provider keeps. */
  async beginAtProvider(login: ProviderLogin, cookieHeader: string | undefined): Promise<string[]> {
    const written = this.providerCookies.set(login);
    await this.endPresented(cookieHeader, null);
    return written;
  }

  /** Ends the logins that a browser presents, also where their access tokens have expired. Which they were. */
  async endPresented(cookieHeader: string | undefined, successor: string | null): Promise<LoginRef[]> {
    const ended: LoginRef[] = [];
    for (const token of this.cookies.presented(cookieHeader)) {
      const login = await this.end(token, successor);
      if (login) ended.push(login);
    }
    return ended;
  }

  private async end(token: string, successor: string | null): Promise<LoginRef | null> {
    const strategy = this.strategies.recognizing(token);
    const login = await strategy?.identify(token);
    if (!strategy || !login || login.sessionId === successor) return null;
    const { tenantId, userId, sessionId } = login;
    if (strategy.revokes) await strategy.revoke({ kind: 'session', tenantId, userId, sessionId }, 'logout');
    return { tenantId, sessionId };
  }
}
