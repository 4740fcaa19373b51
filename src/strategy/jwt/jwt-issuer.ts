import { Inject, Injectable } from '@nestjs/common';
import type { Config, JwtClaim } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { TokenSigner } from '../../keys/token-signer';
import { accessExpiry, type LoginGeneration } from '../login-generation';
import { subjectOf } from '../token-subject';
import { generationsClaim } from './jwt-claims';
import type { TokenUse } from '../../keys/key-ring';
import { JWT_TYPE, REFRESH_AUDIENCE } from './jwt-verification';

/** Signs the JWTs of a login. The same generation gives the same `jti`, `iat` and `exp`. */
@Injectable()
export class JwtIssuer {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly signer: TokenSigner,
  ) {}

  access(generation: LoginGeneration): Promise<string> {
    const { audience, accessTokenTtl } = this.config.auth.jwt;
    return this.sign('access', {
      ...this.common(generation),
      aud: audience,
      exp: secondsOf(accessExpiry(generation, accessTokenTtl)),
      jti: generation.lineage.accessJti,
      ...this.optional(generation),
    });
  }

  /** Expires with the login. */
  refresh(generation: LoginGeneration): Promise<string> {
    return this.sign('refresh', {
      ...this.common(generation),
      aud: REFRESH_AUDIENCE,
      exp: secondsOf(generation.deadline),
      jti: generation.lineage.refreshJti,
      amr: generation.amr,
      auth_time: secondsOf(generation.authTime),
    });
  }

  private common({ person, sessionId, issuedAt }: LoginGeneration): object {
    const { principal, generations } = person;
    return {
      iss: this.config.auth.jwt.issuer,
      sub: subjectOf(principal, this.config.auth.jwt.subject),
      // RFC 9068, section 2.2: a client that acts for itself is both subject and client.
      ...(principal.kind === 'client' && { client_id: principal.userId }),
      iat: secondsOf(issuedAt),
      sid: sessionId,
      user_id: principal.userId,
      tenant_id: principal.tenantId,
      gen: generationsClaim(generations),
    };
  }

  private optional({ person, amr, authTime }: LoginGeneration): Record<string, unknown> {
    const { email, username, name, roles } = person.principal;
    const values: Record<JwtClaim, unknown> = { email, username, name, roles, amr, auth_time: secondsOf(authTime) };
    const chosen = this.config.auth.jwt.claims.map((claim) => [claim, values[claim]] as const);
    return Object.fromEntries(chosen.filter(([, value]) => value !== null));
  }

  private sign(use: TokenUse, claims: object): Promise<string> {
    return this.signer.sign(JWT_TYPE[use], claims);
  }
}

function secondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
