import { Inject, Injectable } from '@nestjs/common';
import jsonwebtoken from 'jsonwebtoken';
import { AuthError } from '@latchkey/nest';
import { Clock } from '../../common/clock';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { KeyRing, type SigningKey } from '../../keys/key-ring';
import { readCompactJwt } from './compact-jwt';

export type JwtUse = 'access' | 'refresh';

/** `typ` of each use: neither passes as the other (RFC 8725, 3.11). */
export const JWT_TYPE: Record<JwtUse, string> = { access: 'at+jwt', refresh: 'rt+jwt' };

/** The audience of refresh tokens is this service and nobody else. */
export const REFRESH_AUDIENCE = 'latchkey:refresh';

/** A key, and the time that the token is judged at. */
export class PinnedKey {
  constructor(
    readonly key: SigningKey,
    readonly now: number,
  ) {}
}

export interface ExpectedClaims {
  readonly issuer: string;
  readonly audience: string;
}

/** Checks signature, issuer, audience and lifetime with the algorithm of the key, whatever the token says. */
export function verifyWith(pinned: PinnedKey, token: string, expected: ExpectedClaims, leeway: number): unknown {
  return jsonwebtoken.verify(token, pinned.key.key, {
    ...expected,
    algorithms: [pinned.key.algorithm],
    clockTolerance: leeway / 1000,
    clockTimestamp: Math.floor(pinned.now / 1000),
  });
}

/** Picks the key for a JWT before any of it is believed, and turns the library's errors into ours. */
@Injectable()
export class JwtVerification {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** @throws AuthError `invalid_token` for anything that is not a token of this use signed by a key of ours. */
  keyFor(token: string, use: JwtUse): PinnedKey {
    const header = readCompactJwt(token);
    const key = header?.typ === JWT_TYPE[use] ? this.keys.find(header.kid) : null;
    if (!header || !key || header.alg !== key.algorithm) {
      throw new AuthError('invalid_token', 'The token is not valid', { detail: 'header' });
    }
    return new PinnedKey(key, this.clock.now());
  }

  verifyRefresh(token: string): unknown {
    const pinned = this.keyFor(token, 'refresh');
    const { issuer } = this.config.auth.jwt;
    // No leeway: it expires with the login, and nobody else judges it.
    return verifyWith(pinned, token, { issuer, audience: REFRESH_AUDIENCE }, 0);
  }
}

/** The AuthError for what `jsonwebtoken` threw. */
export function tokenError(thrown: unknown): AuthError {
  if (thrown instanceof AuthError) return thrown;
  if (thrown instanceof jsonwebtoken.TokenExpiredError) {
    return new AuthError('token_expired', 'The token has expired', { cause: thrown });
  }
  return new AuthError('invalid_token', 'The token is not valid', { cause: thrown });
}
