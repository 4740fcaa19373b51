import { Injectable } from '@nestjs/common';
import type { AuthContext } from '@latchkey/nest';
import { ForeignBelongings } from '../identity/foreign-belongings';
import { LoginRevoker } from '../strategy/login-revoker';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import { RevocationBudget } from './revocation-budget';
import { keepsNoSessions, requirePerson } from './session-directory';

/** A person ends their own logins, as far as the mode can. */
@Injectable()
export class SessionEndings {
  constructor(
    private readonly revoker: LoginRevoker,
    private readonly capabilities: ModeCapabilities,
    private readonly budget: RevocationBudget,
    private readonly foreign: ForeignBelongings,
  ) {}

  /** Somebody else's id is not found, like one that never was. */
  async end({ principal, sessionId: currentId }: AuthContext, sessionId: string): Promise<void> {
    requirePerson(principal);
    const { tenantId, userId } = principal;
    const { revokeSession } = await this.capabilities.ofTenant({ tenantId });
    if (!revokeSession) throw keepsNoSessions();
    this.budget.spend(userId);
    const target = { kind: 'session', tenantId, userId, sessionId } as const;
    if (revokeSession === 'by_sid' || sessionId === currentId) {
      await this.revoker.revoke(target, 'revoked_by_user');
    } else if (!(await this.revoker.revokeRow(target, 'revoked_by_user'))) {
      throw await this.foreign.notFound(principal, 'session', sessionId);
    }
  }

  async endAll({ principal, sessionId }: AuthContext, exceptCurrent: boolean): Promise<void> {
    requirePerson(principal);
    const { tenantId, userId } = principal;
    if (!(await this.capabilities.ofTenant({ tenantId })).revokeAllSessions) throw keepsNoSessions();
    this.budget.spend(userId);
    const exceptSessionId = exceptCurrent ? sessionId : undefined;
    await this.revoker.revoke({ kind: 'user', tenantId, userId, exceptSessionId }, 'revoked_by_user');
  }
}
