import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { CookieScope } from './cookie-scope';
import type { ProviderLogin, RefreshableLogin } from './provider-logins';
import { SealedCookies } from './sealed-cookie';
import { TokenCookies } from './token-cookies';

const REFRESH = 'lk_provider_refresh';
const IDENTITY = 'lk_provider_id';

const login = { provider: z.string(), subject: z.string() };
const refreshable = z.object({ ...login, refreshToken: z.string(), remember: z.boolean() });
const identity = z.object({ ...login, idToken: z.string() });

export type KeptIdentity = z.infer<typeof identity>;

/**
 * The tokens of a provider in a browser: the access token where ours would be, the others sealed, and sent to `/auth`
 * alone.
 */
@Injectable()
export class ProviderCookies {
  /** Seconds. */
  private readonly life: number;

  constructor(
    @Inject(CONFIG) { auth }: Config,
    private readonly scope: CookieScope,
    private readonly tokens: TokenCookies,
    private readonly sealed: SealedCookies,
  ) {
    this.life = Math.floor(auth.jwt.refreshTokenTtl / 1000);
  }

  /** Values of `Set-Cookie`. @throws AuthError `unsupported_in_mode` when a token does not fit into a cookie */
  set({ accessToken, refreshToken, idToken, remember, ...login }: ProviderLogin): string[] {
    const refresh: RefreshableLogin | null = refreshToken === undefined ? null : { ...login, refreshToken, remember };
    const identity: KeptIdentity | null = idToken === undefined ? null : { ...login, idToken };
    return [
      ...this.tokens.setAccess(accessToken, remember ? this.life : null),
      this.kept(REFRESH, refresh, remember),
      this.kept(IDENTITY, identity, remember),
    ];
  }

  /** Null where this browser has no such login. */
  refreshable(cookieHeader: string | undefined): RefreshableLogin | null {
    return refreshable.safeParse(this.sealed.open(REFRESH, cookieHeader)).data ?? null;
  }

  /** The ID token of the login; it was checked when it came. */
  identity(cookieHeader: string | undefined): KeptIdentity | null {
    return identity.safeParse(this.sealed.open(IDENTITY, cookieHeader)).data ?? null;
  }

  /** Values of `Set-Cookie` that make the browser forget all three. */
  clear(): string[] {
    return [...this.tokens.clear(), this.kept(REFRESH, null, true), this.kept(IDENTITY, null, true)];
  }

  /** Those that are the provider's alone, where the browser has them. */
  clearPresented(cookieHeader: string | undefined): string[] {
    return [REFRESH, IDENTITY]
      .filter((name) => this.sealed.isPresented(name, cookieHeader))
      .map((name) => this.kept(name, null, true));
  }

  private kept(name: string, payload: object | null, remember: boolean): string {
    const path = this.scope.authPath;
    if (payload === null) return this.sealed.clear(name, path);
    return this.sealed.seal(name, payload, { maxAgeSeconds: this.life, untilClosed: !remember, path, sameSite: 'lax' });
  }
}
