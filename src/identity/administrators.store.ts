import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import type { Queryable, Statement } from '../database/database';
import type { ChangeCheck } from './account-changes.service';
import { ADMIN_ROLES } from './admin-roles';
import type { UserRef } from './user.store';

// Does not hold up who makes users of the tenant, or signs in.
const LOCK: Statement = {
  name: 'administrators_lock',
  text: 'SELECT 1 FROM tenants WHERE id = $1 FOR NO KEY UPDATE',
};

const LOST: Statement = {
  name: 'administrators_lost',
  text: `SELECT held.role
           FROM users u CROSS JOIN LATERAL unnest(u.roles) AS held (role)
          WHERE u.tenant_id = $1 AND u.id = $2 AND u.status = 'active'
            AND held.role = ANY ($3::text[]) AND NOT held.role = ANY ($4::text[])
            AND NOT EXISTS (SELECT 1 FROM users o
                             WHERE o.tenant_id = $1 AND o.id <> $2 AND o.status = 'active' AND held.role = ANY (o.roles))
          LIMIT 1`,
};

/** Sees to it that a tenant keeps somebody who can administer it. */
@Injectable()
export class Administrators {
  /**
   * A check for a change that leaves the user with these roles: it throws `conflict` when nobody else holds what would
   * be lost. Two administrators who remove each other at once take turns.
   */
  remain({ tenantId, userId }: UserRef, kept: readonly string[] = []): ChangeCheck {
    return async (tx: Queryable) => {
      await tx.rows(LOCK, [tenantId]);
      const lost = await tx.first<{ role: string }>(LOST, [tenantId, userId, ADMIN_ROLES, kept]);
      if (lost)
        throw new AuthError('conflict', `Nobody else in the tenant could act as ${lost.role}: name another first`);
    };
  }
}
