import { AuthError, type ClientInfo, type RevocationReason, type RevocationTarget } from '@latchkey/nest';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
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
import { hashOfSecret } from '../lineage';
import {
  accessExpiry,
  firstGeneration,
  nextGeneration,
  secondsBetween,
  type LoginGeneration,
} from '../login-generation';
import { formatOpaqueToken, looksOpaque, parseOpaqueToken } from '../opaque-token';
import { PassportRunner } from '../passport-runner';
import type { GrantHashes } from '../session.store';
import { SESSION_PASSPORT } from './session-passport.strategy';
import { LoginKeeping } from '../login-keeping';

/** Stateful: opaque tokens, each behind a row that can be listed and revoked. Reads opaque refresh tokens of every profile. */
@Injectable()
export class SessionStrategy implements AuthStrategy {
  readonly mode = 'stateful';
  readonly revokes = true;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keeping: LoginKeeping,
    private readonly passport: PassportRunner,
    private readonly clock: Clock,
  ) {}

  recognizes(token: string): boolean {
    return looksOpaque(token);
  }

  async issue(person: VerifiedPerson, login: LoginFacts): Promise<TokenGrant> {
    await this.keeping.horizons.requireCover();
    const { ttl, refreshTokenTtl } = this.config.auth.session;
    const lives = { access: ttl, login: refreshTokenTtl, shortLogin: this.config.auth.shortLoginTtl };
    const generation = firstGeneration(person, login, this.clock.date(), lives);
    return this.grant(generation, await this.keeping.rows.open(generation, this.hashes(generation)));
  }

  authenticate(accessToken: string): Promise<ProvenToken> {
    return this.passport.run<ProvenToken>(SESSION_PASSPORT, accessToken);
  }

  async consume(refreshToken: string, client: ClientInfo): Promise<ConsumedLogin> {
    const token = parseOpaqueToken('refresh', refreshToken);
    if (!token) throw new AuthError('invalid_grant', 'The refresh token is not valid', { detail: 'malformed' });
    await this.keeping.horizons.requireCover();
    return this.keeping.decisions.consumeOpaque(token, client);
  }

  async continue(login: ConsumedLogin): Promise<TokenGrant> {
    const generation = nextGeneration(login);
    return this.grant(generation, await this.keeping.rows.carryOn(login, generation, this.hashes(generation)));
  }

  async identify(text: string): Promise<NamedLogin | null> {
    const token = parseOpaqueToken('access', text) ?? parseOpaqueToken('refresh', text);
    return token && this.keeping.decisions.findLogin(token);
  }

  async revoke(target: RevocationTarget, reason: RevocationReason): Promise<void> {
    await this.keeping.revoker.revoke(target, reason);
  }

  private hashes(generation: LoginGeneration): GrantHashes {
    return {
      kind: 'session',
      accessHash: hashOfSecret(generation.lineage.accessSecret),
      accessExpiresAt: accessExpiry(generation, this.config.auth.session.ttl),
      refreshHash: hashOfSecret(generation.lineage.refreshSecret),
    };
  }

  private grant(generation: LoginGeneration, session: SessionView): TokenGrant {
    const { sessionId, lineage } = generation;
    const accessExpiresAt = accessExpiry(generation, this.config.auth.session.ttl);
    return {
      sessionId,
      principal: generation.person.principal,
      accessToken: formatOpaqueToken('access', { sessionId, secret: lineage.accessSecret }),
      accessExpiresAt,
      loginExpiresAt: generation.deadline,
      expiresIn: secondsBetween(generation.issuedAt, accessExpiresAt),
      refreshToken: formatOpaqueToken('refresh', { sessionId, secret: lineage.refreshSecret }),
      session,
    };
  }
}
