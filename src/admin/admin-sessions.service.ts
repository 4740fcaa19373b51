import { Injectable } from '@nestjs/common';
import type { SessionView } from '../strategy/auth-strategy';
import { AdminAudit } from './admin-audit';
import { AdminReach } from './admin-reach';
import type { AdminScope } from './admin-scope';
import { UserSessions } from './user-sessions.service';

/** Looks at the logins of an account and ends them. */
@Injectable()
export class AdminSessions {
  constructor(
    private readonly reach: AdminReach,
    private readonly sessions: UserSessions,
    private readonly audit: AdminAudit,
  ) {}

  async list(scope: AdminScope, userId: string): Promise<SessionView[]> {
    return this.sessions.list(await this.reach.account(scope, userId));
  }

  async end(scope: AdminScope, userId: string, sessionId: string, reason?: string): Promise<void> {
    const account = await this.reach.accountToChange(scope, userId);
    await this.sessions.end(account, sessionId);
    const target = { kind: 'session', id: sessionId } as const;
    this.audit.record(scope, { kind: 'session_ended', target, tenantId: account.tenantId, userId, reason });
  }

  async endAll(scope: AdminScope, userId: string, reason: string): Promise<void> {
    const account = await this.reach.accountToChange(scope, userId);
    await this.sessions.endAll(account);
    const target = { kind: 'user', id: userId } as const;
    this.audit.record(scope, { kind: 'user_sessions_ended', target, tenantId: account.tenantId, reason });
  }
}
