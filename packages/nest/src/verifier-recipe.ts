import type { AccessTokenVerifier } from './access-token-verifier';
import type { AuthHooks } from './auth-hooks';
import type { Clock } from './clock';

/** What the module hands to a verifier it makes. */
export interface VerifierParts {
  readonly clock: Clock;
  readonly hooks: AuthHooks;
}

/** Makes a verifier: what `jwks()`, `secret()`, `introspection()` and `auto()` give. */
export type VerifierRecipe = (parts: VerifierParts) => AccessTokenVerifier;
