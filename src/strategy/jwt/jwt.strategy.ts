import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import type { VerifiedPerson } from '../../identity/verified-person';
import type { RevocationReason, RevocationTarget } from '../../revocation/revocation';
import type { AuthStrategy, ConsumedLogin, LoginFacts, ProvenToken, SessionView, TokenGrant } from '../auth-strategy';
import { IssuancePolicy } from '../issuance-policy';
import { hashOfSecret } from '../lineage';
import { nextGeneration, secondsBetween, type LoginGeneration } from '../login-generation';
import { LoginKeeping } from '../login-keeping';
import { formatOpaqueToken } from '../opaque-token';
import type { GrantHashes } from '../session.store';
import { looksLikeJwt } from './compact-jwt';
import { JwtTools } from './jwt-tools';

/** Stateless: signed access tokens. With `tracked` sessions each login keeps a row and an opaque refresh token. */
@Injectable()
export class JwtStrategy implements AuthStrategy {
  readonly mode = 'stateless';

  constructor(
    private readonly issuance: IssuancePolicy,
    private readonly keeping: LoginKeeping,
    private readonly jwt: JwtTools,
  ) {}

  get revokes(): boolean {
    return this.issuance.jwtsAreRevocable;
  }

  recognizes(token: string): boolean {
    return looksLikeJwt(token);
  }

  async issue(person: VerifiedPerson, login: LoginFacts): Promise<TokenGrant> {
    await this.keeping.horizons.requireCover();
    const generation = this.jwt.first(person, login);
    if (this.issuance.kind !== 'tracked_jwt') return this.untracked(generation);
    return this.tracked(generation, await this.keeping.rows.open(generation, this.hashes(generation)));
  }

  authenticate(accessToken: string): Promise<ProvenToken> {
    return this.jwt.prove(accessToken);
  }

  async consume(refreshToken: string, client: ClientInfo): Promise<ConsumedLogin> {
    const claims = this.jwt.readRefresh(refreshToken);
    await this.keeping.horizons.requireCover();
    return this.keeping.decisions.consumeJwt(claims, client);
  }

  async continue(login: ConsumedLogin): Promise<TokenGrant> {
    const generation = nextGeneration(login);
    if (login.successorKind === 'tracked_jwt') {
      return this.tracked(generation, await this.keeping.rows.carryOn(login, generation, this.hashes(generation)));
    }
    await this.keeping.rows.handOver(login);
    return this.untracked(generation);
  }

  async revoke(target: RevocationTarget, reason: RevocationReason): Promise<void> {
    if (!this.revokes) {
      throw new AuthError('unsupported_in_mode', 'Tokens of this service cannot be revoked; they expire');
    }
    await this.keeping.revoker.revoke(target, reason);
  }

  private hashes(generation: LoginGeneration): GrantHashes {
    return {
      kind: 'tracked_jwt',
      accessHash: null,
      accessExpiresAt: this.jwt.accessExpiry(generation),
      refreshHash: hashOfSecret(generation.lineage.refreshSecret),
    };
  }

  private tracked(generation: LoginGeneration, session: SessionView): TokenGrant {
    const { sessionId, lineage } = generation;
    const refreshToken = formatOpaqueToken('refresh', { sessionId, secret: lineage.refreshSecret });
    return { ...this.grant(generation), refreshToken, session };
  }

  private untracked(generation: LoginGeneration): TokenGrant {
    return { ...this.grant(generation), refreshToken: this.jwt.issuer.refresh(generation) };
  }

  private grant(generation: LoginGeneration): Omit<TokenGrant, 'refreshToken'> {
    const accessExpiresAt = this.jwt.accessExpiry(generation);
    const issuedAt = new Date(Math.floor(generation.issuedAt.getTime() / 1000) * 1000);
    return {
      sessionId: generation.sessionId,
      principal: generation.person.principal,
      accessToken: this.jwt.issuer.access(generation),
      accessExpiresAt,
      expiresIn: secondsBetween(issuedAt, accessExpiresAt),
    };
  }
}
