import { Inject, Injectable } from '@nestjs/common';
import { stringifySetCookie, type SetCookie } from 'cookie';
import { AuthError, Clock, cookieValues } from '@latchkey/nest';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import type { TokenGrant } from '../strategy/auth-strategy';
import { accessCookieName, CookieScope } from './cookie-scope';

/** Bytes that every browser keeps of one cookie, its name and its attributes included (RFC 6265, section 6.1). */
const LARGEST = 4_096;
/** Tokens of one request that are looked at. */
const MOST = 4;
/** Stands before the refresh token, so that a refresh keeps what the login chose. */
const KEPT = 'p.';
const UNTIL_CLOSED = 's.';

export interface PresentedRefresh {
  readonly token: string;
  /** Whether the login is to outlive the browser. */
  readonly remember: boolean;
}

/** The two tokens of a login as cookies that no script can read. */
@Injectable()
export class TokenCookies {
  private readonly accessName: string;
  private readonly refreshName: string;
  private readonly access: Omit<SetCookie, 'value'>;
  private readonly refresh: Omit<SetCookie, 'value'>;

  constructor(
    @Inject(CONFIG) config: Config,
    scope: CookieScope,
    private readonly clock: Clock,
  ) {
    const { names, domain, sameSite } = config.auth.cookies;
    const shared = { httpOnly: true, secure: scope.secure, sameSite, ...(domain !== '' && { domain }) };
    this.accessName = accessCookieName(config);
    this.refreshName = scope.named(names.refresh);
    this.access = { ...shared, name: this.accessName, path: '/' };
    this.refresh = { ...shared, name: this.refreshName, path: scope.authPath };
  }

  /**
   * Values of `Set-Cookie`. Without `remember` the cookies end with the browser; else with the login, so that an access
   * token that has expired is told from one that was never there.
   * @throws AuthError `unsupported_in_mode` when a token does not fit into a cookie
   */
  set({ accessToken, refreshToken, loginExpiresAt }: TokenGrant, remember: boolean): string[] {
    const seconds = Math.max(0, Math.floor((loginExpiresAt.getTime() - this.clock.now()) / 1000));
    const life = remember ? { maxAge: seconds } : {};
    const kept = remember ? KEPT : UNTIL_CLOSED;
    return fitting([
      stringifySetCookie({ ...this.access, ...life, value: accessToken }),
      stringifySetCookie({ ...this.refresh, ...life, value: kept + refreshToken }),
    ]);
  }

  /**
   * Values of `Set-Cookie` for an access token that has no refresh token of this service. Null: until the browser is
   * closed. @throws AuthError `unsupported_in_mode` when the token does not fit into a cookie
   */
  setAccess(accessToken: string, seconds: number | null): string[] {
    const access = { ...this.access, value: accessToken, ...(seconds !== null && { maxAge: seconds }) };
    return fitting([stringifySetCookie(access), stringifySetCookie({ ...this.refresh, value: '', maxAge: 0 })]);
  }

  /** Values of `Set-Cookie` that make the browser forget both. */
  clear(): string[] {
    return [this.access, this.refresh].map((cookie) => stringifySetCookie({ ...cookie, value: '', maxAge: 0 }));
  }

  /** Null when there is none. @throws AuthError `invalid_grant` for several of the name, or what no login has set. */
  presentedRefresh(cookieHeader: string | undefined): PresentedRefresh | null {
    const [value, ...others] = cookieValues(cookieHeader, this.refreshName);
    if (value === undefined) return null;
    const remember = value.startsWith(KEPT);
    if (others.length > 0 || !(remember || value.startsWith(UNTIL_CLOSED))) {
      throw new AuthError('invalid_grant', 'The refresh token is not valid', { detail: 'cookie' });
    }
    return { token: value.slice(KEPT.length), remember };
  }

  /** Every token in the cookies of a browser, whatever it is worth. */
  presented(cookieHeader: string | undefined): string[] {
    const refresh = cookieValues(cookieHeader, this.refreshName).map((value) => value.slice(KEPT.length));
    return [...cookieValues(cookieHeader, this.accessName), ...refresh].filter((token) => token !== '').slice(0, MOST);
  }
}

function fitting(written: string[]): string[] {
  if (written.every((text) => text.length <= LARGEST)) return written;
  throw new AuthError('unsupported_in_mode', 'The tokens of this account do not fit into cookies');
}
