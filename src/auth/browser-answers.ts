import { Injectable } from '@nestjs/common';
import { AuthError, CookieAccess, type GuardedRequest } from '@latchkey/nest';
import { BrowserLogins } from '../sign-in/browser-logins';
import { grantResponse, loginResponse, withoutTokens } from '../sign-in/grant-response';
import type { StartedLogin } from '../sign-in/login-issuer';
import { TokenCookies } from '../sign-in/token-cookies';
import type { TokenGrant } from '../strategy/auth-strategy';
import type { Transport } from './auth.schemas';

/** What is needed of a reply. */
export interface CookieReply {
  header(name: 'set-cookie', values: string[]): unknown;
}

/** Where a refresh token came from, and so where its successor goes. */
export interface PresentedRefreshToken {
  readonly token: string;
  /** Null: in the body. */
  readonly cookie: { readonly remember: boolean } | null;
}

/** Puts tokens where the client wants them: into the body, or into cookies that no script reads. */
@Injectable()
export class BrowserAnswers {
  constructor(
    private readonly access: CookieAccess,
    private readonly cookies: TokenCookies,
    private readonly logins: BrowserLogins,
  ) {}

  /** Before anybody is signed in by cookie: another site must not do it for them. @throws AuthError `csrf_failed` */
  admit(transport: Transport, request: GuardedRequest): void {
    if (transport === 'cookie') this.access.assertKnownPage(request);
  }

  async started(
    started: StartedLogin,
    transport: Transport,
    [request, reply]: [GuardedRequest, CookieReply],
  ): Promise<object> {
    if (transport === 'body') return loginResponse(started);
    const { grant, remember } = started;
    reply.header('set-cookie', await this.logins.begin(grant, remember, cookieHeaderOf(request)));
    return loginResponse(started, withoutTokens);
  }

  /** What stands in the body is looked at first. @throws AuthError `validation_failed`, `csrf_failed`, `invalid_grant` */
  refreshToken(inBody: string | undefined, request: GuardedRequest): PresentedRefreshToken {
    if (inBody !== undefined) return { token: inBody, cookie: null };
    const presented = this.cookies.presentedRefresh(cookieHeaderOf(request));
    if (!presented) {
      throw new AuthError('validation_failed', 'Some of what was sent is not valid', {
        errors: [{ pointer: '/refresh_token', message: 'is needed, here or in its cookie' }],
      });
    }
    this.access.assertKnownPage(request);
    return { token: presented.token, cookie: presented };
  }

  refreshed(grant: TokenGrant, { cookie }: PresentedRefreshToken, reply: CookieReply): object {
    if (!cookie) return grantResponse(grant);
    reply.header('set-cookie', this.cookies.set(grant, cookie.remember));
    return withoutTokens(grant);
  }

  /** Whoever had cookies has none afterwards. */
  forget(request: GuardedRequest, reply: CookieReply): void {
    if (this.cookies.presented(cookieHeaderOf(request)).length > 0) reply.header('set-cookie', this.cookies.clear());
  }
}

export function cookieHeaderOf({ headers }: GuardedRequest): string | undefined {
  return headers['cookie'] as string | undefined;
}
