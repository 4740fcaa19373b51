import { Inject, Injectable } from '@nestjs/common';
import * as client from 'openid-client';
import { z } from 'zod';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { ReturnTargets } from '../../sign-in/return-target';
import { SealedCookies } from '../../sign-in/sealed-cookie';

const attempt = z.object({
  provider: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  tenantId: z.string(),
  /** The request named the tenant: the claims must not name another. */
  tenantNamed: z.boolean(),
  remember: z.boolean(),
  /** Who is signed in and links the identity that comes back. */
  link: z.object({ userId: z.string(), generation: z.number() }).nullable(),
});

/** One sign-in that is under way at a provider. Kept by the browser that began it, and by nobody else. */
export type LoginAttempt = z.infer<typeof attempt>;

/** What is known when it begins. */
export type AttemptFacts = Omit<LoginAttempt, 'state' | 'nonce' | 'verifier' | 'returnTo'> & {
  readonly returnTo?: string;
};

/** Seconds. */
const LIFE = 600;
const STATE = /^[A-Za-z0-9_-]{43}$/;
/** Characters of the state that tell the attempts of one browser apart. */
const NAME_LENGTH = 12;

/** Attempts in sealed cookies, one each, so that two tabs do not disturb each other. */
@Injectable()
export class LoginAttempts {
  private readonly basePath: string;

  constructor(
    @Inject(CONFIG) { server }: Config,
    private readonly cookies: SealedCookies,
    private readonly targets: ReturnTargets,
  ) {
    this.basePath = server.basePath;
  }

  /** With new secrets. @throws AuthError `validation_failed` when the browser may not be sent to where it is to return. */
  begin({ returnTo, ...facts }: AttemptFacts): LoginAttempt {
    return {
      ...facts,
      returnTo: this.targets.check(returnTo),
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
  }

  /** A value of `Set-Cookie`. Lax: the provider's redirect is a navigation from another site. */
  kept(begun: LoginAttempt): string {
    const options = { maxAgeSeconds: LIFE, path: this.pathOf(begun.provider), sameSite: 'lax' } as const;
    return this.cookies.seal(nameOf(begun.state), begun, options);
  }

  /** The attempt that this browser began with this state at this provider; null for every other. */
  find(provider: string, state: string | null, cookieHeader: string | undefined): LoginAttempt | null {
    if (state === null || !STATE.test(state)) return null;
    const { success, data } = attempt.safeParse(this.cookies.open(nameOf(state), cookieHeader));
    return success && data.provider === provider && data.state === state ? data : null;
  }

  /** A value of `Set-Cookie` that forgets it. */
  forgotten({ provider, state }: LoginAttempt): string {
    return this.cookies.clear(nameOf(state), this.pathOf(provider));
  }

  /** Where a browser goes that comes back without an attempt. */
  get fallbackTarget(): string {
    return this.targets.check(undefined);
  }

  private pathOf(provider: string): string {
    return `${this.basePath}/auth/oidc/${provider}`;
  }
}

function nameOf(state: string): string {
  return `lk_oidc_${state.slice(0, NAME_LENGTH)}`;
}
