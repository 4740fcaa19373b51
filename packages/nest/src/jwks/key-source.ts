import type { JwtKey } from '../jwt/jwt-key';
import type { CompactJwt } from '../jwt/compact-jwt';

/** Where the keys of one issuer come from. */
export interface KeySource {
  /** Rejects when the keys cannot be read now. */
  start(): Promise<void>;
  /**
   * The keys that may have signed this token, none when the issuer has no such key.
   * @throws AuthError `unavailable` when that cannot be told.
   */
  keysFor(jwt: CompactJwt): Promise<readonly JwtKey[]>;
}
