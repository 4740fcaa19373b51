import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import type { VerifiedPerson } from '../identity/verified-person';
import { NO_TERMS } from '../tenancy/login-terms';
import { HorizonRecorder } from './horizon-recorder';
import { JwtTools } from './jwt/jwt-tools';
import { lineageOf } from './lineage';
import { secondsBetween, type LoginGeneration } from './login-generation';
import { newSecret } from './opaque-token';

/** An access token of a program that acts for itself. There is no refresh token: it asks again. */
export interface ClientToken {
  readonly sessionId: string;
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** Issues tokens to clients: JWTs in every mode, because no session stands behind them. */
@Injectable()
export class ClientTokens {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly jwt: JwtTools,
    private readonly horizons: HorizonRecorder,
    private readonly clock: Clock,
  ) {}

  /**
   * `client` is a principal of the kind `client`, with the generations read in the snapshot that found it enabled.
   * @throws AuthError `unavailable` when a revocation of the token might be forgotten before the token expires.
   */
  async issue(client: Omit<VerifiedPerson, 'terms'>): Promise<ClientToken> {
    await this.horizons.requireCover();
    const now = this.clock.date();
    const generation: LoginGeneration = {
      sessionId: randomUUID(),
      person: { ...client, terms: NO_TERMS },
      client: { ipAddress: null, userAgent: null },
      amr: [],
      authTime: now,
      issuedAt: now,
      deadline: new Date(now.getTime() + this.config.auth.jwt.accessTokenTtl),
      lineage: lineageOf(newSecret()),
    };
    const accessToken = await this.jwt.accessToken(generation);
    const issuedAt = new Date(Math.floor(now.getTime() / 1000) * 1000);
    const expiresIn = secondsBetween(issuedAt, this.jwt.accessExpiry(generation));
    return { sessionId: generation.sessionId, accessToken, expiresIn };
  }
}
