import { AuthError, looksLikeJwt, type ClientInfo, type RevocationReason, type RevocationTarget } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import type { VerifiedPerson } from '../../identity/verified-person';
import type {
  AuthStrategy,
  ConsumedLogin,
  LoginFacts,
  NamedLogin,
  ProvenToken,
  SessionView,
  TokenGrant,
} from '../auth-strategy';
import { IssuancePolicy } from '../issuance-policy';
import { hashOfSecret } from '../lineage';
import { nextGeneration, secondsBetween, type LoginGeneration } from '../login-generation';
import { LoginKeeping } from '../login-keeping';
import { formatOpaqueToken } from '../opaque-token';
import type { GrantHashes } from '../session.store';
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
    if (this.issuance.statelessKind !== 'tracked_jwt') return this.untracked(generation);
    return this.tracked(generation, await this.keeping.rows.open(generation, this.hashes(generation)));
  }

  authenticate(accessToken: string): Promise<ProvenToken> {
    return this.jwt.prove(accessToken);
  }

  async consume(refreshToken: string, client: ClientInfo): Promise<ConsumedLogin> {
    const claims = await this.jwt.readRefresh(refreshToken);
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

  identify(token: string): Promise<NamedLogin | null> {
    return this.jwt.identify(token);
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

  private async tracked(generation: LoginGeneration, session: SessionView): Promise<TokenGrant> {
    const { sessionId, lineage } = generation;
    const refreshToken = formatOpaqueToken('refresh', { sessionId, secret: lineage.refreshSecret });
    return { ...(await this.grant(generation)), refreshToken, session };
  }

  private async untracked(generation: LoginGeneration): Promise<TokenGrant> {
    const [grant, refreshToken] = await Promise.all([this.grant(generation), this.jwt.issuer.refresh(generation)]);
    return { ...grant, refreshToken };
  }

  private async grant(generation: LoginGeneration): Promise<Omit<TokenGrant, 'refreshToken'>> {
    const accessExpiresAt = this.jwt.accessExpiry(generation);
    const issuedAt = new Date(Math.floor(generation.issuedAt.getTime() / 1000) * 1000);
    return {
      sessionId: generation.sessionId,
      principal: generation.person.principal,
      accessToken: await this.jwt.issuer.access(generation),
      accessExpiresAt,
      loginExpiresAt: generation.deadline,
      expiresIn: secondsBetween(issuedAt, accessExpiresAt),
    };
  }
}
