import { Injectable } from '@nestjs/common';
import { CookieAccess, clientOf, readCompactJwt, type AuthContext, type GuardedRequest } from '@latchkey/nest';
import { Clock } from '../common/clock';
import { userResponse } from '../sign-in/grant-response';
import { ProviderCookies } from '../sign-in/provider-cookies';
import { ProviderLogins, type RefreshableLogin } from '../sign-in/provider-logins';
import { logoutResponse, meResponse } from './auth.responses';
import { cookieHeaderOf, type CookieReply } from './browser-answers';

/** What `/auth` answers to people whose login is a provider's: its tokens are in their cookies, and nothing is kept here. */
@Injectable()
export class ProviderLoginAnswers {
  constructor(
    private readonly logins: ProviderLogins,
    private readonly cookies: ProviderCookies,
    private readonly access: CookieAccess,
    private readonly clock: Clock,
  ) {}

  me(auth: AuthContext, request: GuardedRequest): object {
    const kept = this.cookies.identity(cookieHeaderOf(request));
    const claims = kept && readCompactJwt(kept.idToken, 'foreign')?.claims;
    const own = claims?.['iss'] === auth.issuer && claims?.['sub'] === auth.principal.userId;
    return { ...meResponse(auth), issuer: auth.issuer, id_token_claims: own ? claims : null };
  }

  /** Null where the browser has no such login. */
  refreshable(request: GuardedRequest): RefreshableLogin | null {
    return this.cookies.refreshable(cookieHeaderOf(request));
  }

  /** @throws AuthError `csrf_failed`, `invalid_grant`, `unavailable` */
  async refresh(presented: RefreshableLogin, request: GuardedRequest, reply: CookieReply): Promise<object> {
    this.access.assertKnownPage(request);
    const { login, context } = await this.logins.refresh(presented, clientOf(request));
    const kept = this.cookies.identity(cookieHeaderOf(request));
    const same = kept?.provider === login.provider && kept.subject === login.subject;
    const idToken = login.idToken ?? (same ? kept.idToken : undefined);
    reply.header('set-cookie', this.cookies.set({ ...login, idToken }));
    return {
      expires_in: Math.max(0, Math.floor((context.expiresAt.getTime() - this.clock.now()) / 1000)),
      expires_at: context.expiresAt.toISOString(),
      user: userResponse(context.principal),
    };
  }

  /** The browser forgets the tokens at once; what was copied from it is good until it expires. */
  async logout({ expiresAt }: AuthContext, request: GuardedRequest, reply: CookieReply): Promise<object> {
    const presented = this.refreshable(request);
    if (presented) await this.logins.end(presented);
    reply.header('set-cookie', this.cookies.clear());
    return logoutResponse({ takesEffect: 'at_expiry', validUntil: expiresAt });
  }
}
