import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { Database, type Statement } from '../database/database';

const COUNT: Statement = {
  name: 'live_logins_count',
  text: `SELECT count(*)::integer AS live FROM sessions s
          WHERE s.tenant_id = $1 AND s.revoked_at IS NULL AND s.handed_over_at IS NULL AND s.expires_at > $2
            AND NOT login_is_revoked(s.tenant_id, s.user_id, s.id, s.global_generation, s.tenant_generation, s.user_generation)`,
};

/** Counts logins that have a row. */
@Injectable()
export class LiveLogins {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async ofTenant(tenantId: string): Promise<number> {
    return (await this.database.first<{ live: number }>(COUNT, [tenantId, this.clock.date()]))?.live ?? 0;
  }
}
