import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { ReturnTargets } from '../../sign-in/return-target';
import { SealedCookies } from '../../sign-in/sealed-cookie';
import { isMessageId } from './service-messages';

const farewell = z.object({ provider: z.string(), requestId: z.string(), returnTo: z.string() });

/** A browser that is signing out at a provider. */
export type SamlFarewell = z.infer<typeof farewell>;

/** Seconds. */
const LIFE = 600;

/** Where browsers go on to after they have signed out at a provider: kept by themselves, like `SamlAttempts`. */
@Injectable()
export class SamlFarewells {
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

  /** A value of `Set-Cookie`. None: the answer may be a form that another site posts. */
  kept(begun: SamlFarewell): string {
    const options = { maxAgeSeconds: LIFE, path: this.pathOf(begun.provider), sameSite: 'none' } as const;
    return this.cookies.seal(nameOf(begun.requestId), begun, options);
  }

  /** Null for every other browser than the one that left. */
  find(provider: string, relayState: string | undefined, cookieHeader: string | undefined): SamlFarewell | null {
    if (!isMessageId(relayState)) return null;
    const { success, data } = farewell.safeParse(this.cookies.open(nameOf(relayState), cookieHeader));
    return success && data.provider === provider && data.requestId === relayState ? data : null;
  }

  /** A value of `Set-Cookie` that forgets it. */
  forgotten({ provider, requestId }: SamlFarewell): string {
    return this.cookies.clear(nameOf(requestId), this.pathOf(provider));
  }

  private pathOf(provider: string): string {
    return `${this.basePath}/auth/saml/${provider}`;
  }
}

function nameOf(requestId: string): string {
  return `lk_saml_out_${requestId.slice(1, 13)}`;
}
