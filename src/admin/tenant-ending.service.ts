import { Injectable } from '@nestjs/common';
import { LiveLogins } from '../strategy/live-logins.store';
import { LoginRevoker } from '../strategy/login-revoker';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import { AdminAudit } from './admin-audit';
import { AdminReach } from './admin-reach';
import type { AdminScope } from './admin-scope';
import { keepsNoSessions } from './user-sessions.service';

/** Logins that are, or would be, ended; `counts_all` false: logins with JWTs alone leave no row to be counted. */
export interface TenantEnding {
  readonly dry_run: boolean;
  readonly sessions: number;
  readonly counts_all: boolean;
}

/** Ends every login of a tenant at once. */
@Injectable()
export class AdminTenantEnding {
  constructor(
    private readonly reach: AdminReach,
    private readonly revoker: LoginRevoker,
    private readonly logins: LiveLogins,
    private readonly capabilities: ModeCapabilities,
    private readonly audit: AdminAudit,
  ) {}

  /** @throws AuthError `unsupported_in_mode` where logins cannot be ended */
  async end(scope: AdminScope, id: string, { dryRun, reason }: { dryRun: boolean; reason: string }) {
    const { id: tenantId } = await this.reach.tenant(scope, id);
    const { revokeAllSessions, listSessions } = await this.capabilities.ofTenant({ tenantId });
    if (!revokeAllSessions) throw keepsNoSessions();
    const ending: TenantEnding = {
      dry_run: dryRun,
      sessions: await this.logins.ofTenant(tenantId),
      counts_all: listSessions,
    };
    if (dryRun) return ending;
    await this.revoker.revoke({ kind: 'tenant', tenantId }, 'revoked_by_operator');
    this.audit.record(scope, { kind: 'tenant_revoked', target: { kind: 'tenant', id: tenantId }, tenantId, reason });
    return ending;
  }
}
