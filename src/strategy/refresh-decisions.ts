import { AuthError, type ClientInfo, type Generations } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { ACTIVITY_LAG } from './activity-recorder';
import type { ConsumedLogin, NamedLogin } from './auth-strategy';
import { IssuancePolicy } from './issuance-policy';
import { hashOfJti, hashOfSecret, LineageKeys, successorHashes } from './lineage';
import { newSecret, type OpaqueToken } from './opaque-token';
import { RefreshRefusals } from './refresh-refusals';
import { RefreshLedgerStore, type Consumption, type LoginState, type RecordedDecision } from './refresh-ledger.store';

/** What a verified JWT refresh token says of its login. */
export interface RefreshClaims {
  readonly jti: string;
  readonly sessionId: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly generations: Generations;
  readonly deadline: Date;
  readonly amr: readonly string[];
  readonly authTime: Date;
}

/** One presented refresh token: what its successor derives from, and the decision that stands if it is the first. */
interface Presented {
  readonly parent: string | Buffer;
  readonly consumption: Consumption;
  readonly seed: Buffer;
}

type LoginOrigin = Pick<ConsumedLogin, 'deadline' | 'amr' | 'authTime' | 'client' | 'hadRow'>;

/**
 * The life of refresh tokens, whatever their kind: first presentation, replay inside the window, reuse. Only a token
 * that proves itself, by its stored hash or its signature, can end a login.
 */
@Injectable()
export class RefreshDecisions {
  constructor(
    private readonly ledger: RefreshLedgerStore,
    private readonly lineage: LineageKeys,
    private readonly issuance: IssuancePolicy,
    private readonly refusals: RefreshRefusals,
    private readonly clock: Clock,
  ) {}

  async consumeOpaque(token: OpaqueToken, client: ClientInfo): Promise<ConsumedLogin> {
    const presented = this.present(token.sessionId, hashOfSecret(token.secret), token.secret);
    const row = await this.ledger.consumeRow(presented.consumption, {
      activeSince: this.activeSince(),
      binding: this.issuance.binding,
      client,
    });
    if (!row) throw this.refusals.refuse('unknown_login', token.sessionId);
    if (!row.sameClient) throw this.refusals.refuse('other_client', token.sessionId);
    return this.decide(presented, row, { ...row, client, hadRow: true });
  }

  async consumeJwt(claims: RefreshClaims, client: ClientInfo): Promise<ConsumedLogin> {
    const presented = this.present(claims.sessionId, hashOfJti(claims.jti), `jwt/${claims.jti}`);
    const state = await this.ledger.consumeUntracked(presented.consumption, claims, this.issuance.recordsRefreshes);
    if (!state) throw this.refusals.refuse('unknown_login', claims.sessionId);
    return this.decide(presented, state, { ...claims, client, hadRow: false });
  }

  /** The login whose token this is or was; null when it proves nothing, or the login is over. */
  findLogin(token: OpaqueToken): Promise<NamedLogin | null> {
    return this.ledger.findLogin(token.sessionId, hashOfSecret(token.secret), this.clock.date());
  }

  private present(sessionId: string, tokenHash: Buffer, parent: string | Buffer): Presented {
    const keyId = this.lineage.currentId;
    // Without a record nobody can be given the same successor again, so each one is new.
    const seed = this.issuance.recordsRefreshes || Buffer.isBuffer(parent) ? this.seedOf(parent, keyId) : newSecret();
    const { mode, accepts, statelessKind } = this.issuance;
    const consumption = {
      sessionId,
      tokenHash,
      successors: { mode, accepts, statelessKind, ...successorHashes(seed) },
      keyId,
      now: this.clock.date(),
      mostPerMinute: this.issuance.refreshesPerMinute,
    };
    return { parent, consumption, seed };
  }

  private async decide(presented: Presented, login: LoginState, origin: LoginOrigin): Promise<ConsumedLogin> {
    const { sessionId, now, tokenHash } = presented.consumption;
    const { successorKind } = login;
    const common = { ...origin, sessionId, person: login.person, parentHash: tokenHash };
    if (login.decided) {
      return { ...common, successorKind, consumedAt: now, seed: presented.seed, replayed: false };
    }
    const decision = await this.ledger.findDecision(tokenHash, sessionId);
    if (decision) return { ...common, ...(await this.replay(presented, login, decision)), replayed: true };
    if (!login.live) throw this.refusals.refuse('login_over', sessionId);
    if (login.spentSince) throw this.refusals.refuseSpent(login.spentSince, now, sessionId);
    if (origin.hadRow || this.issuance.recordsRefreshes) throw this.refusals.refuse('unknown_token', sessionId);
    return { ...common, successorKind, consumedAt: now, seed: presented.seed, replayed: false };
  }

  private async replay(
    { parent, consumption }: Presented,
    login: LoginState,
    decision: RecordedDecision,
  ): Promise<Pick<ConsumedLogin, 'successorKind' | 'consumedAt' | 'seed'>> {
    const { sessionId } = consumption;
    if (!login.live) throw this.refusals.refuse('login_over', sessionId);
    const oldest = new Date(consumption.now.getTime() - this.issuance.reuseWindow);
    const open = decision.consumedAt >= oldest && !decision.successorConsumed;
    if (!open && !decision.unapplied) throw await this.refusals.endReused(login.person.principal, sessionId);
    // The process that decided died before its successor took over: the window begins when somebody comes back for it.
    const consumedAt = open ? decision.consumedAt : await this.ledger.reopen(consumption, oldest);
    this.refusals.recordReplay(login.person.principal, sessionId);
    return { successorKind: decision.successorKind, consumedAt, seed: this.seedOf(parent, decision.keyId) };
  }

  private activeSince(): Date {
    const { idleTimeout } = this.issuance;
    return new Date(idleTimeout === 0 ? 0 : this.clock.now() - idleTimeout - ACTIVITY_LAG);
  }

  private seedOf(parent: string | Buffer, keyId: string): Buffer {
    const seed = this.lineage.seed(parent, keyId);
    if (!seed) throw new AuthError('invalid_grant', 'Sign in again', { detail: `root key ${keyId} is gone` });
    return seed;
  }
}
