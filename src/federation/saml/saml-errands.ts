import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { SealedCookies } from '../../sign-in/sealed-cookie';
import { isMessageId } from './service-messages';

/** A browser that was sent to a provider and will come back. */
export interface SamlErrand {
  readonly provider: string;
  readonly requestId: string;
}

/** What comes back, and with what. */
export interface ErrandReturn {
  readonly provider: string;
  readonly relayState: string | undefined;
  readonly cookieHeader: string | undefined;
}

/** Seconds. */
const LIFE = 600;

/**
 * What browsers are on their way for, in sealed cookies: kept by the browser that began it, and by nobody else. RelayState
 * says which one an answer belongs to, and is believed in nothing else.
 */
@Injectable()
export class SamlErrands {
  private readonly basePath: string;

  constructor(
    @Inject(CONFIG) { server }: Config,
    private readonly cookies: SealedCookies,
  ) {
    this.basePath = server.basePath;
  }

  /** A value of `Set-Cookie`. SameSite none: the answer may be a form that another site posts. */
  kept<T extends SamlErrand>(kind: string, errand: T): string {
    const options = { maxAgeSeconds: LIFE, path: this.pathOf(errand.provider), sameSite: 'none' } as const;
    return this.cookies.seal(nameOf(kind, errand.requestId), errand, options);
  }

  /** Null for every other browser than the one that left. */
  find<T extends SamlErrand>(kind: string, shape: z.ZodType<T>, back: ErrandReturn): T | null {
    const { provider, relayState, cookieHeader } = back;
    if (!isMessageId(relayState)) return null;
    const { success, data } = shape.safeParse(this.cookies.open(nameOf(kind, relayState), cookieHeader));
    return success && data.provider === provider && data.requestId === relayState ? data : null;
  }

  /** A value of `Set-Cookie` that forgets it. */
  forgotten(kind: string, { provider, requestId }: SamlErrand): string {
    return this.cookies.clear(nameOf(kind, requestId), this.pathOf(provider));
  }

  private pathOf(provider: string): string {
    return `${this.basePath}/auth/saml/${provider}`;
  }
}

function nameOf(kind: string, requestId: string): string {
  return `${kind}_${requestId.slice(1, 13)}`;
}
