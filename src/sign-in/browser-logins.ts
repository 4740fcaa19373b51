import { Injectable } from '@nestjs/common';
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

  /** Ends the logins that a browser presents, also where their access tokens have expired. */
  async endPresented(cookieHeader: string | undefined, successor: string | null): Promise<void> {
    for (const token of this.cookies.presented(cookieHeader)) await this.end(token, successor);
  }

  private async end(token: string, successor: string | null): Promise<void> {
    const strategy = this.strategies.recognizing(token);
    const login = await strategy?.identify(token);
    if (!strategy?.revokes || !login || login.sessionId === successor) return;
    const { tenantId, userId, sessionId } = login;
    await strategy.revoke({ kind: 'session', tenantId, userId, sessionId }, 'logout');
  }
}
