import { AuthError, type AuthContext, type ClientInfo } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { sha256 } from '../common/digest';
import { EventLog } from '../common/event-log';
import { inSpan } from '../common/tracing';
import { SharedTurns } from '../common/shared-turns';
import { AuthStrategies } from '../strategy/auth-strategies';
import type { AuthStrategy, ConsumedLogin, SuccessorKind, TokenGrant } from '../strategy/auth-strategy';

interface Presented {
  readonly refreshToken: string;
  readonly client: ClientInfo;
  readonly proven: readonly string[];
}

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
    private readonly clock: Clock,
  ) {}

  /**
   * The strategy that reads the token decides; the one that the decision names carries on. `proven`: what the person has
   * proven again just now, RFC 8176.
   */
  refresh(refreshToken: string, client: ClientInfo, proven: readonly string[] = []): Promise<TokenGrant> {
    return inSpan('latchkey.refresh', {}, async (span) => {
      const { grant, kind } = await this.decide({ refreshToken, client, proven });
      const { tenantId, userId } = grant.principal;
      span.setAttributes({ 'latchkey.tenant_id': tenantId, 'latchkey.kind': kind });
      const facts = { tenantId, userId, sessionId: grant.sessionId, ipAddress: client.ipAddress };
      this.events.record('login_refreshed', { ...facts, kind });
      return grant;
    });
  }

  private async decide({ refreshToken, client, proven }: Presented): Promise<Refreshed> {
    const strategy = this.strategies.recognizing(refreshToken);
    if (!strategy) throw new AuthError('invalid_grant', 'The refresh token is not valid', { detail: 'kind' });
    const carryOn = (): Promise<Refreshed> => this.carryOn(strategy, { refreshToken, client, proven });
    // Where nothing is kept each refresh is a first one, with a successor of its own.
    return strategy.revokes && proven.length === 0 ? this.turns.run(keyOf(refreshToken, client), carryOn) : carryOn();
  }

  /** @throws AuthError `invalid_grant` unless the refresh token belongs to the login of the access token. */
  async requireSameLogin(refreshToken: string, { principal, sessionId }: AuthContext): Promise<void> {
    const login = await this.strategies.recognizing(refreshToken)?.identify(refreshToken);
    const same = login && login.sessionId === sessionId && login.userId === principal.userId;
    if (!same) throw new AuthError('invalid_grant', 'The refresh token is not valid', { detail: 'another login' });
  }

  private async carryOn(strategy: AuthStrategy, { refreshToken, client, proven }: Presented): Promise<Refreshed> {
    const consumed = await strategy.consume(refreshToken, client);
    const login = proven.length === 0 ? consumed : this.strengthened(consumed, proven);
    const grant = await this.strategies.continuing(login.successorKind).continue(login);
    return { grant, kind: login.successorKind };
  }

  private strengthened(login: ConsumedLogin, proven: readonly string[]): ConsumedLogin {
    return { ...login, amr: [...new Set([...login.amr, ...proven])], authTime: this.clock.date() };
  }
}

/** What a decision depends on: the token, and the client that a login may be bound to. */
function keyOf(refreshToken: string, { ipAddress, userAgent }: ClientInfo): string {
  return sha256(JSON.stringify([refreshToken, ipAddress, userAgent])).toString('base64');
}
