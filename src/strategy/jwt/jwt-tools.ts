import { Inject, Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { Clock } from '../../common/clock';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import type { VerifiedPerson } from '../../identity/verified-person';
import type { LoginFacts, NamedLogin, ProvenToken } from '../auth-strategy';
import { accessExpiry, firstGeneration, type LoginGeneration } from '../login-generation';
import { PassportRunner } from '../passport-runner';
import type { RefreshClaims } from '../refresh-decisions';
import { dateOf, generationsOf, refreshClaims, type RefreshTokenClaims } from './jwt-claims';
import { JwtIssuer } from './jwt-issuer';
import { JWT_PASSPORT } from './jwt-passport.strategy';
import { JwtVerification } from './jwt-verification';

/** Making and reading the JWTs of a login. */
@Injectable()
export class JwtTools {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    readonly issuer: JwtIssuer,
    private readonly verification: JwtVerification,
    private readonly passport: PassportRunner,
    private readonly clock: Clock,
  ) {}

  first(person: VerifiedPerson, login: LoginFacts): LoginGeneration {
    const { accessTokenTtl, refreshTokenTtl } = this.config.auth.jwt;
    const lives = { access: accessTokenTtl, login: refreshTokenTtl, shortLogin: this.config.auth.shortLoginTtl };
    return firstGeneration(person, login, this.clock.date(), lives);
  }

  /** In whole seconds, as `exp` counts them. */
  accessExpiry(generation: LoginGeneration): Date {
    const expiry = accessExpiry(generation, this.config.auth.jwt.accessTokenTtl).getTime();
    return new Date(Math.floor(expiry / 1000) * 1000);
  }

  /** Signed; the same generation gives the same `jti`, `iat` and `exp`. */
  async accessToken(generation: LoginGeneration): Promise<string> {
    return this.issuer.access(generation);
  }

  async prove(accessToken: string): Promise<ProvenToken> {
    try {
      return await this.passport.run<ProvenToken>(JWT_PASSPORT, accessToken);
    } catch (error) {
      if (error instanceof AuthError) throw error;
      throw new AuthError('invalid_token', 'The token is not valid', { cause: error });
    }
  }

  /** The login of a token of either use; null when it is none of ours, or has expired. */
  async identify(token: string): Promise<NamedLogin | null> {
    try {
      const { context, sessionId, generations } = await this.prove(token);
      const { tenantId, userId } = context.principal;
      return { tenantId, userId, sessionId, generations };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return this.identifyRefresh(token);
    }
  }

  /** @throws AuthError `invalid_grant` for whatever is wrong with it; `unavailable` when its key cannot be looked up. */
  async readRefresh(token: string): Promise<RefreshClaims> {
    const claims = await this.verifiedRefresh(token);
    return {
      jti: claims.jti,
      sessionId: claims.sid,
      tenantId: claims.tenant_id,
      userId: claims.user_id,
      generations: generationsOf(claims.gen),
      deadline: dateOf(claims.exp),
      amr: claims.amr,
      authTime: dateOf(claims.auth_time),
    };
  }

  private async identifyRefresh(token: string): Promise<NamedLogin | null> {
    try {
      const { tenantId, userId, sessionId, generations } = await this.readRefresh(token);
      return { tenantId, userId, sessionId, generations };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return null;
    }
  }

  private async verifiedRefresh(token: string): Promise<RefreshTokenClaims> {
    try {
      return refreshClaims.parse(this.verification.verify(await this.verification.pin(token, 'refresh')));
    } catch (error) {
      if (error instanceof AuthError && error.status >= 500) throw error;
      throw new AuthError('invalid_grant', 'The refresh token is not valid', { cause: error });
    }
  }
}

/** True for what is wrong with the token, false for what is wrong with us. */
function isRefusal(error: unknown): boolean {
  return error instanceof AuthError && error.code !== 'unavailable' && error.code !== 'internal_error';
}
