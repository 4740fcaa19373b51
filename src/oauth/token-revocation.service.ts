import { MAX_TOKEN_LENGTH, RevocationMirror } from '@latchkey/nest';
import { Inject, Injectable } from '@nestjs/common';
import { reachesAudience, reachesTenant, type Client } from '../clients/client';
import { EventLog } from '../common/event-log';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { AuthStrategies } from '../strategy/auth-strategies';

/** RFC 7009 for both kinds of token, access and refresh. */
@Injectable()
export class TokenRevocation {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly strategies: AuthStrategies,
    private readonly mirror: RevocationMirror,
    private readonly events: EventLog,
  ) {}

  /**
   * Ends the login that the token is of. What is unknown, made up, over or none of the client's business ends nothing.
   * @throws AuthError `unsupported_in_mode` when a token of this kind cannot be revoked
   */
  async revoke(client: Client, token: string): Promise<void> {
    const strategy = token.length > MAX_TOKEN_LENGTH ? null : this.strategies.recognizing(token);
    const login = await strategy?.identify(token);
    if (!strategy || !login || !this.reaches(client, login.tenantId)) return;
    const { tenantId, userId, sessionId } = login;
    // What is over already gets no second row in the feed, however often it is asked for.
    if (strategy.revokes && this.mirror.verdict(login) === 'revoked') return;
    await strategy.revoke({ kind: 'session', tenantId, userId, sessionId }, 'logout');
    this.events.record('token_revoked_by_client', { clientId: client.id, tenantId, userId, sessionId });
  }

  private reaches(client: Client, tenantId: string): boolean {
    return reachesTenant(client, tenantId) && reachesAudience(client, this.config.auth.jwt.audience);
  }
}
