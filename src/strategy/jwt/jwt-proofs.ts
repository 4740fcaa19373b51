import { Injectable } from '@nestjs/common';
import type { AccessTokenClaims, AuthContext, Generations, Principal } from '@latchkey/nest';
import type { ProvenToken } from '../auth-strategy';
import { IssuancePolicy } from '../issuance-policy';
import { dateOf, generationsOf, type AccessClaims } from './jwt-claims';

/** Reads a verified JWT access token as a proof. */
@Injectable()
export class JwtProofs {
  constructor(private readonly issuance: IssuancePolicy) {}

  proofOf(claims: AccessClaims, keyId: string): ProvenToken {
    const generations = Object.freeze(generationsOf(claims.gen));
    const revocable = this.issuance.jwtsAreRevocable;
    return {
      context: contextOf(claims, keyId, revocable ? generations : undefined),
      sessionId: claims.sid,
      generations,
      keyId,
      revocable,
      recordsActivity: this.issuance.statelessKind === 'tracked_jwt' || this.issuance.idleTimeout > 0,
      serveUntil: claims.exp * 1000,
      client: null,
    };
  }
}

function contextOf(claims: AccessClaims, keyId: string, generations: Generations | undefined): AuthContext {
  return Object.freeze({
    principal: principalOf(claims),
    mode: 'stateless' as const,
    sessionId: claims.sid,
    claims: Object.freeze(claims) as AccessTokenClaims,
    expiresAt: dateOf(claims.exp),
    amr: Object.freeze([...(claims.amr ?? [])]),
    authTime: dateOf(claims.auth_time ?? claims.iat),
    keyId,
    ...(generations && { generations }),
  });
}

function principalOf(claims: AccessClaims): Principal {
  return Object.freeze({
    // Ids of users and clients are different UUIDs: only a client is its own client.
    kind: claims.client_id === claims.user_id ? ('client' as const) : ('user' as const),
    userId: claims.user_id,
    tenantId: claims.tenant_id,
    email: claims.email ?? null,
    username: claims.username ?? null,
    name: claims.name ?? null,
    roles: Object.freeze([...(claims.roles ?? [])]),
  });
}
