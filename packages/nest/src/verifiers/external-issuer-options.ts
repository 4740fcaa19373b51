import type { ClaimMapping } from '../claims/claim-mapping';
import type { JwtAlgorithm } from '../jwt/jwt-key';

/** Another issuer whose tokens are taken beside Latchkey's, such as Keycloak or Better Auth. */
export interface ExternalIssuer {
  /** `iss`, exact. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** `aud` that its tokens must have. */
  readonly audience: string;
  /** `typ` values that are taken; null stands for a token without. Default `at+jwt` and `JWT`. */
  readonly typ?: readonly (string | null)[];
  /** Default: those of the verifier. */
  readonly algorithms?: readonly JwtAlgorithm[];
  /** Claims that must be there. Default `sub`, `exp`, `iat`; `iss` and `aud` always. */
  readonly requiredClaims?: readonly string[];
  readonly claims?: ClaimMapping;
  /** The one tenant of everyone it knows; else the token names the tenant. */
  readonly tenant?: string;
}
