import { Inject, Injectable } from '@nestjs/common';
import { AuthError, MAX_TOKEN_LENGTH, type AuthErrorCode } from '@latchkey/nest';
import { reachesAudience, reachesTenant, type Client } from '../clients/client';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import type { ProvenToken } from '../strategy/auth-strategy';
import { subjectOf } from '../strategy/token-subject';
import { StrategyTokenVerifier } from '../strategy/token-verifier';

/** What a resource server learns of an active token, as the token itself or its row says it. */
export interface IntrospectedToken {
  readonly proof: ProvenToken;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string | readonly string[];
  readonly jti?: string;
  readonly clientId?: string;
}

/** Codes that mean: not a good access token. Anything else is a failure of ours, and no answer about the token. */
const REFUSALS: ReadonlySet<AuthErrorCode> = new Set(['invalid_token', 'token_expired', 'token_revoked']);

/** RFC 7662 for both kinds of access token. */
@Injectable()
export class TokenIntrospection {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly verifier: StrategyTokenVerifier,
  ) {}

  /**
   * Null when the token is not active, or is none of the client's business: the two look the same.
   * @throws AuthError `unavailable` when it cannot be judged
   */
  async introspect(client: Client, token: string): Promise<IntrospectedToken | null> {
    const proof = token.length > MAX_TOKEN_LENGTH ? null : await this.prove(token);
    if (!proof) return null;
    const known = this.describe(proof);
    const { tenantId } = proof.context.principal;
    return reachesTenant(client, tenantId) && reachesAudience(client, known.audience) ? known : null;
  }

  private async prove(token: string): Promise<ProvenToken | null> {
    try {
      return await this.verifier.inspect(token);
    } catch (error) {
      if (error instanceof AuthError && REFUSALS.has(error.code)) return null;
      throw error;
    }
  }

  private describe(proof: ProvenToken): IntrospectedToken {
    const { claims, principal } = proof.context;
    const { issuer, audience, subject } = this.config.auth.jwt;
    if (!claims) return { proof, issuer, audience, subject: subjectOf(principal, subject) };
    const { iss, sub, aud, jti, client_id: clientId } = claims;
    return {
      proof,
      issuer: iss,
      subject: sub,
      audience: aud,
      jti,
      ...(typeof clientId === 'string' && { clientId }),
    };
  }
}
