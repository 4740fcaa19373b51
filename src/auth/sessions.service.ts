import { Injectable } from '@nestjs/common';
import { AuthError, type AuthContext, type Principal } from '@latchkey/nest';
import { Clock } from '../common/clock';
import { AuthStrategies } from '../strategy/auth-strategies';
import type { SessionView } from '../strategy/auth-strategy';
import { LoginRevoker } from '../strategy/login-revoker';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import { SessionStore } from '../strategy/session.store';
import { RevocationBudget } from './revocation-budget';

/** A person's own logins: seen and ended, as far as the mode can. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly store: SessionStore,
    private readonly revoker: LoginRevoker,
    private readonly strategies: AuthStrategies,
    private readonly capabilities: ModeCapabilities,
    private readonly budget: RevocationBudget,
    private readonly clock: Clock,
  ) {}

  /** @throws AuthError `unsupported_in_mode` where logins leave no row and none is left from before. */
  async list({ principal }: AuthContext): Promise<SessionView[]> {
    requirePerson(principal);
    const { listSessions, revokeAllSessions } = this.capabilities.describe();
    if (!revokeAllSessions) throw unsupported();
    const sessions = await this.store.list(principal, this.clock.date());
    if (sessions.length === 0 && !listSessions) throw unsupported();
    return sessions;
  }

  /** Somebody else's id is not found, like one that never was. */
  async revoke({ principal, sessionId: currentId }: AuthContext, sessionId: string): Promise<void> {
    requirePerson(principal);
    const { revokeSession } = this.capabilities.describe();
    if (!revokeSession) throw unsupported();
    const { tenantId, userId } = principal;
    this.budget.spend(userId);
    const target = { kind: 'session', tenantId, userId, sessionId } as const;
    if (revokeSession === 'by_sid' || sessionId === currentId) {
      await this.strategies.issuing.revoke(target, 'revoked_by_user');
    } else if (!(await this.revoker.revokeRow(target, 'revoked_by_user'))) {
      throw new AuthError('not_found', 'There is no such session');
    }
  }

  async revokeAll({ principal, sessionId }: AuthContext, exceptCurrent: boolean): Promise<void> {
    requirePerson(principal);
    if (!this.capabilities.describe().revokeAllSessions) throw unsupported();
    const { tenantId, userId } = principal;
    this.budget.spend(userId);
    const exceptSessionId = exceptCurrent ? sessionId : undefined;
    await this.strategies.issuing.revoke({ kind: 'user', tenantId, userId, exceptSessionId }, 'revoked_by_user');
  }
}

/** A client has no logins to look at: its tokens end by `/oauth/revoke`, or with the client. */
function requirePerson({ kind }: Principal): void {
  if (kind !== 'user') throw new AuthError('insufficient_role', 'This is for people, not for clients');
}

function unsupported(): AuthError {
  return new AuthError('unsupported_in_mode', 'The configured mode keeps no sessions; see GET /auth/mode');
}
