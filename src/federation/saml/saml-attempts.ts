import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ReturnTargets } from '../../sign-in/return-target';
import { SamlErrands, type ErrandReturn } from './saml-errands';

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

/** One sign-in that is under way at a provider. */
export type SamlAttempt = z.infer<typeof attempt>;

const KIND = 'lk_saml';

/** Sign-ins that browsers are on their way for. */
@Injectable()
export class SamlAttempts {
  constructor(
    private readonly errands: SamlErrands,
    private readonly targets: ReturnTargets,
  ) {}

  /** @throws AuthError `validation_failed` when the browser may not be sent there */
  target(returnTo?: string): string {
    return this.targets.check(returnTo);
  }

  /** A value of `Set-Cookie`. */
  kept(begun: SamlAttempt): string {
    return this.errands.kept(KIND, begun);
  }

  /** The attempt that this browser began; null for every other. */
  find(back: ErrandReturn): SamlAttempt | null {
    return this.errands.find(KIND, attempt, back);
  }

  /** A value of `Set-Cookie` that forgets it. */
  forgotten(begun: SamlAttempt): string {
    return this.errands.forgotten(KIND, begun);
  }
}
