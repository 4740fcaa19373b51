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
import { KeyRing, type TokenUse } from '../../keys/key-ring';

/** `typ` of each use: neither passes as the other (RFC 8725, 3.11). */
export const JWT_TYPE: Record<TokenUse, string> = { access: 'at+jwt', refresh: 'rt+jwt' };

/** The audience of refresh tokens is this service and nobody else. */
export const REFRESH_AUDIENCE = 'latchkey:refresh';

/** A token, what it claims to be for, and the key that it must be signed by. */
export class PinnedJwt {
  constructor(
    readonly jwt: CompactJwt,
    readonly use: TokenUse,
    readonly key: JwtKey,
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

  /**
   * @throws AuthError `invalid_token` for anything that names no key of ours in the one way that our tokens do;
   * `unavailable` when it names a key that may have been made while the database could not be asked.
   */
  async pin(token: string, use: TokenUse): Promise<PinnedJwt> {
    const jwt = readCompactJwt(token);
    if (jwt?.header.typ !== JWT_TYPE[use] || jwt.header.kid === null) throw refusal('header');
    const { kid } = jwt.header;
    const key = this.keys.find(kid, use) ?? (await this.newKey(kid, use));
    return new PinnedJwt(jwt, use, key);
  }

  /** No I/O. @throws AuthError `token_expired` or `invalid_token` */
  verify({ jwt, use, key }: PinnedJwt): VerifiedClaims {
    const { issuer, audience, leeway } = this.config.auth.jwt;
    const common = { types: [JWT_TYPE[use]], issuer, now: this.clock.now(), leeway };
    // A refresh token has no leeway at its end: it expires with the login, and nobody else judges it.
    return use === 'access'
      ? verifyJwt(jwt, key, { ...common, audience })
      : verifyJwt(jwt, key, { ...common, audience: REFRESH_AUDIENCE, expiryLeeway: 0 });
  }

  private async newKey(kid: string, use: TokenUse): Promise<JwtKey> {
    await this.keys.lookAgain();
    const key = this.keys.find(kid, use);
    if (key) return key;
    if (this.keys.canTell(kid)) throw refusal('kid');
    throw new AuthError('unavailable', 'Keys cannot be looked up right now', { retryAfter: 1, detail: 'kid' });
  }
}

function refusal(detail: string): AuthError {
  return new AuthError('invalid_token', 'The token is not valid', { detail });
}
