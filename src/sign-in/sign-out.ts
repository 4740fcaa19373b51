import {
  AccessTokenVerifier,
  AuthError,
  clientOf,
  CookieAccess,
  presentedToken,
  type AuthContext,
  type GuardedRequest,
} from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import type { LoginRef } from '../identity/federated/saml-session.store';
import { BrowserLogins } from './browser-logins';
import { LogoutService } from './logout.service';
import { TokenCookies } from './token-cookies';

/** Who signs out: somebody proven, or a browser with whatever is left of a login. */
export interface Leaver {
  readonly auth: AuthContext | null;
  readonly cookieHeader: string | undefined;
}

/** Signing out by following a link: what is the same whatever stands behind the login. */
@Injectable()
export class SignOut {
  constructor(
    private readonly access: CookieAccess,
    private readonly verifier: AccessTokenVerifier,
    private readonly logouts: LogoutService,
    private readonly browsers: BrowserLogins,
    private readonly cookies: TokenCookies,
  ) {}

  /** @throws AuthError `csrf_failed`: a link on a page of somebody else must not sign anybody out. */
  async leaver(request: GuardedRequest): Promise<Leaver> {
    if (request.headers['sec-fetch-site'] === 'cross-site') {
      throw new AuthError('csrf_failed', 'Only pages of this service may sign out here');
    }
    return { auth: await this.proof(request), cookieHeader: request.headers['cookie'] as string | undefined };
  }

  /** Ends what this service issued: the login of the token, else those whose cookies the browser has. */
  async end({ auth, cookieHeader }: Leaver): Promise<LoginRef[]> {
    if (!auth || auth.issuer !== undefined) return this.browsers.endPresented(cookieHeader, null);
    await this.logouts.logout(auth);
    return [{ tenantId: auth.principal.tenantId, sessionId: auth.sessionId as string }];
  }

  /** Values of `Set-Cookie`. */
  clearedCookies(): string[] {
    return this.cookies.clear();
  }

  /** Null also where the token is good for nothing any more: nobody who wants to leave is kept. */
  private async proof(request: GuardedRequest): Promise<AuthContext | null> {
    try {
      const token =
        presentedToken(request.headers['authorization'] as string | undefined) ?? this.access.token(request);
      return token === null ? null : await this.verifier.verify(token, clientOf(request));
    } catch (error) {
      if (error instanceof AuthError && error.status === 401) return null;
      throw error;
    }
  }
}
