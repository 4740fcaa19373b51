import { AuthError } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import type { SessionView } from '../strategy/auth-strategy';
import { LoginRevoker } from '../strategy/login-revoker';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import { SessionStore } from '../strategy/session.store';
import type { ListedAccount } from '../identity/account-directory.store';
import { notFound } from './admin-reach';

/** The logins of one account, as far as the mode keeps them. @throws AuthError `unsupported_in_mode` where it does not */
@Injectable()
export class UserSessions {
  constructor(
    private readonly store: SessionStore,
    private readonly revoker: LoginRevoker,
    private readonly capabilities: ModeCapabilities,
    private readonly clock: Clock,
  ) {}

  /** Latest activity first; at most 500. */
  async list({ tenantId, id: userId }: ListedAccount): Promise<SessionView[]> {
    const sessions = await this.store.list({ tenantId, userId }, this.clock.date());
    if (sessions.length > 0) return sessions;
    if (!(await this.capabilities.ofTenant({ tenantId })).listSessions) throw keepsNoSessions();
    return sessions;
  }

  /** A login without a row is ended by its id alone, so an id that never was is not found only where rows are kept. */
  async end({ tenantId, id: userId }: ListedAccount, sessionId: string): Promise<void> {
    const { revokeSession } = await this.capabilities.ofTenant({ tenantId });
    if (!revokeSession) throw keepsNoSessions();
    const target = { kind: 'session', tenantId, userId, sessionId } as const;
    if (revokeSession === 'by_sid') await this.revoker.revoke(target, 'revoked_by_operator');
    else if (!(await this.revoker.revokeRow(target, 'revoked_by_operator'))) throw notFound('session');
  }

  async endAll({ tenantId, id: userId }: ListedAccount): Promise<void> {
    if (!(await this.capabilities.ofTenant({ tenantId })).revokeAllSessions) throw keepsNoSessions();
    await this.revoker.revoke({ kind: 'user', tenantId, userId }, 'revoked_by_operator');
  }
}

export function keepsNoSessions(): AuthError {
  return new AuthError('unsupported_in_mode', 'The configured mode keeps no sessions; see GET /auth/mode');
}
