import { AuthError, type ClientInfo } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { sha256 } from '../common/digest';
import { EventLog } from '../common/event-log';
import { SharedTurns } from '../common/shared-turns';
import { AuthStrategies } from '../strategy/auth-strategies';
import type { AuthStrategy, SuccessorKind, TokenGrant } from '../strategy/auth-strategy';

interface Refreshed {
  readonly grant: TokenGrant;
  readonly kind: SuccessorKind;
}

/**
 * Carries logins on. Presentations of one token by one client take turns, and those that wait are decided together:
 * however many come at once, they occupy one connection to the database, and the ledger still sees a second one.
 */
@Injectable()
export class LoginRefresher {
  private readonly turns = new SharedTurns<Refreshed>();

  constructor(
    private readonly strategies: AuthStrategies,
    private readonly events: EventLog,
  ) {}

  /** The strategy that reads the token decides; the one that the decision names carries on. */
  async refresh(refreshToken: string, client: ClientInfo): Promise<TokenGrant> {
    const strategy = this.strategies.recognizing(refreshToken);
    if (!strategy) throw new AuthError('invalid_grant', 'The refresh token is not valid', { detail: 'kind' });
    const carryOn = (): Promise<Refreshed> => this.carryOn(strategy, refreshToken, client);
    // Where nothing is kept each refresh is a first one, with a successor of its own.
    const { grant, kind } = await (strategy.revokes ? this.turns.run(keyOf(refreshToken, client), carryOn) : carryOn());
    const { tenantId, userId } = grant.principal;
    const facts = { tenantId, userId, sessionId: grant.sessionId, ipAddress: client.ipAddress };
    this.events.record('login_refreshed', { ...facts, kind });
    return grant;
  }

  private async carryOn(strategy: AuthStrategy, refreshToken: string, client: ClientInfo): Promise<Refreshed> {
    const login = await strategy.consume(refreshToken, client);
    const grant = await this.strategies.continuing(login.successorKind).continue(login);
    return { grant, kind: login.successorKind };
  }
}

/** What a decision depends on: the token, and the client that a login may be bound to. */
function keyOf(refreshToken: string, { ipAddress, userAgent }: ClientInfo): string {
  return sha256(JSON.stringify([refreshToken, ipAddress, userAgent])).toString('base64');
}
