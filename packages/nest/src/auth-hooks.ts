import type { Principal } from './auth-context';
import type { AuthErrorCode } from './auth-error';

/** Told of what happens, for metrics. They are called on the path of a request: count and return. What they throw is dropped. */
export interface AuthHooks {
  /** Every token that was shown. `reason` is `ok`, or the code of the error that answered. */
  readonly onValidation?: (result: 'accepted' | 'refused' | 'unavailable', reason: 'ok' | AuthErrorCode) => void;
  /** Every attempt to read an issuer's keys, and how long it took. */
  readonly onJwksFetch?: (ok: boolean, milliseconds: number, issuer: string) => void;
  /** The revocation feed was lost (false) or is known again (true). */
  readonly onFeedChange?: (fresh: boolean) => void;
  /** Someone asked for what belongs to another: `mustBeUser`, `mustBeTenant`, or a header or host that is not the token's tenant. */
  readonly onCrossUserAttempt?: (attempt: CrossUserAttempt) => void;
  /** The program itself left the tenant it was in, on purpose: `run` with `crossing`, `runWithout`, `runUnscoped`. */
  readonly onTenantCrossing?: (crossing: TenantCrossing) => void;
}

export interface CrossUserAttempt {
  readonly kind: 'user' | 'tenant';
  readonly principal: Principal;
  /** The id that was asked for. As the client sent it. */
  readonly asked: string;
}

export interface TenantCrossing {
  readonly from: string | null;
  /** Null for work without a tenant. */
  readonly to: string | null;
  /** As the program gives it; null for `run`. */
  readonly reason: string | null;
}

export const AUTH_HOOKS = Symbol('AUTH_HOOKS');

/** The same hooks; metrics that fail must not fail a request. */
export function harmless(hooks: AuthHooks): AuthHooks {
  const entries = Object.entries(hooks) as [string, ((...facts: unknown[]) => void) | undefined][];
  return Object.fromEntries(entries.filter(([, hook]) => hook).map(([name, hook]) => [name, dropping(hook!)]));
}

function dropping(hook: (...facts: unknown[]) => void): (...facts: unknown[]) => void {
  return (...facts) => {
    try {
      hook(...facts);
    } catch {
      // Nobody is to be refused because something was not counted.
    }
  };
}
