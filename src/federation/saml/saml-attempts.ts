import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { ReturnTargets } from '../../sign-in/return-target';
import { SealedCookies } from '../../sign-in/sealed-cookie';
import { isMessageId } from './service-messages';

const attempt = z.object({
  provider: z.string(),
  requestId: z.string(),
  returnTo: z.string(),
  tenantId: z.string(),
  /** The request named the tenant: the assertion must not name another. */
  tenantNamed: z.boolean(),
  remember: z.boolean(),
  /** An application takes the login over, and proves with the verifier that it is the one that asked. */
  exchange: z.object({ redirectUri: z.string(), codeChallenge: z.string() }).optional(),
});

/** One sign-in that is under way at a provider. Kept by the browser that began it, and by nobody else. */
export type SamlAttempt = z.infer<typeof attempt>;

/** Seconds. */
const LIFE = 600;

/** Attempts in sealed cookies. RelayState says which one an answer belongs to, and is believed in nothing else. */
@Injectable()
export class SamlAttempts {
  private readonly basePath: string;

  constructor(
    @Inject(CONFIG) { server }: Config,
    private readonly cookies: SealedCookies,
    private readonly targets: ReturnTargets,
  ) {
    this.basePath = server.basePath;
  }

  /** @throws AuthError `validation_failed` when the browser may not be sent there */
  target(returnTo?: string): string {
    return this.targets.check(returnTo);
  }

  /** A value of `Set-Cookie`. None: the answer is a form that another site posts. */
  kept(begun: SamlAttempt): string {
    const options = { maxAgeSeconds: LIFE, path: this.pathOf(begun.provider), sameSite: 'none' } as const;
    return this.cookies.seal(nameOf(begun.requestId), begun, options);
  }

  /** The attempt that this browser began; null for every other. */
  find(provider: string, relayState: string | undefined, cookieHeader: string | undefined): SamlAttempt | null {
    if (!isMessageId(relayState)) return null;
    const { success, data } = attempt.safeParse(this.cookies.open(nameOf(relayState), cookieHeader));
    return success && data.provider === provider && data.requestId === relayState ? data : null;
  }

  /** A value of `Set-Cookie` that forgets it. */
  forgotten({ provider, requestId }: SamlAttempt): string {
    return this.cookies.clear(nameOf(requestId), this.pathOf(provider));
  }

  private pathOf(provider: string): string {
    return `${this.basePath}/auth/saml/${provider}`;
  }
}

function nameOf(requestId: string): string {
  return `lk_saml_${requestId.slice(1, 13)}`;
}
