import { Inject, Injectable } from '@nestjs/common';
import {
  AuthError,
  readCompactJwt,
  verifyJwt,
  type CompactJwt,
  type JwtKey,
  type VerifiedClaims,
} from '@latchkey/nest';
import { Clock } from '../../common/clock';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { KeyRing } from '../../keys/key-ring';

export type JwtUse = 'access' | 'refresh';

/** `typ` of each use: neither passes as the other (RFC 8725, 3.11). */
export const JWT_TYPE: Record<JwtUse, string> = { access: 'at+jwt', refresh: 'rt+jwt' };

/** The audience of refresh tokens is this service and nobody else. */
export const REFRESH_AUDIENCE = 'latchkey:refresh';

/** A token, the key that it must be signed by, and the time that it is judged at. */
export class PinnedJwt {
  constructor(
    readonly jwt: CompactJwt,
    readonly key: JwtKey,
    readonly now: number,
  ) {}
}

/** Picks the key for a JWT before any of it is believed, then verifies it with that key alone. */
@Injectable()
export class JwtVerification {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** @throws AuthError `invalid_token` for anything that names no key of ours in the one way that our tokens do. */
  pin(token: string): PinnedJwt {
    const jwt = readCompactJwt(token);
    const key = jwt && this.keys.find(jwt.header.kid as string);
    if (!key) throw new AuthError('invalid_token', 'The token is not valid', { detail: jwt ? 'kid' : 'shape' });
    return new PinnedJwt(jwt, key, this.clock.now());
  }

  /** @throws AuthError `token_expired` or `invalid_token` */
  verify(use: JwtUse, { jwt, key, now }: PinnedJwt): VerifiedClaims {
    const { issuer, audience, leeway } = this.config.auth.jwt;
    const common = { types: [JWT_TYPE[use]], issuer, now, leeway };
    // A refresh token has no leeway at its end: it expires with the login, and nobody else judges it.
    return use === 'access'
      ? verifyJwt(jwt, key, { ...common, audience })
      : verifyJwt(jwt, key, { ...common, audience: REFRESH_AUDIENCE, expiryLeeway: 0 });
  }
}
