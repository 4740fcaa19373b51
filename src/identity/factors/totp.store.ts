import { Injectable } from '@nestjs/common';
import { Database, type Queryable, type Statement } from '../../database/database';
import type { UserRef } from '../user.store';

export interface SealedTotp {
  readonly sealed: Buffer;
  /** Id of the root key. */
  readonly sealedBy: string;
}

const BEGIN: Statement = {
  name: 'totp_begin',
  text: `INSERT INTO totp_factors AS f (tenant_id, user_id, sealed, sealed_by, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, user_id) DO UPDATE SET sealed = $3, sealed_by = $4, created_at = $5, last_step = 0
          WHERE f.confirmed_at IS NULL RETURNING true AS begun`,
};
const find = (name: string, state: 'IS NULL AND created_at > $3' | 'IS NOT NULL AND $3::timestamptz IS NOT NULL') => ({
  name,
  text: `SELECT sealed, sealed_by AS "sealedBy" FROM totp_factors
          WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at ${state}`,
});
const FIND_BEGUN: Statement = find('totp_find_begun', 'IS NULL AND created_at > $3');
const FIND: Statement = find('totp_find', 'IS NOT NULL AND $3::timestamptz IS NOT NULL');
const CONFIRM: Statement = {
  name: 'totp_confirm',
  text: `UPDATE totp_factors SET confirmed_at = $4, last_step = $3::bigint
          WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NULL AND sealed = $5 RETURNING true AS confirmed`,
};
const USE_STEP: Statement = {
  name: 'totp_use_step',
  text: `UPDATE totp_factors SET last_step = $3::bigint
          WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL AND last_step < $3 RETURNING true AS used`,
};
const REMOVE: Statement = {
  name: 'totp_remove',
  text: `DELETE FROM totp_factors WHERE tenant_id = $1 AND user_id = $2 RETURNING confirmed_at IS NOT NULL AS proved`,
};

/** The TOTP key of each account. One that is not confirmed proves nothing. */
@Injectable()
export class TotpStore {
  constructor(private readonly database: Database) {}

  /** Replaces an enrolment that was not finished; false when the account has a confirmed key. */
  async begin({ tenantId, userId }: UserRef, { sealed, sealedBy }: SealedTotp, now: Date): Promise<boolean> {
    return (await this.database.first(BEGIN, [tenantId, userId, sealed, sealedBy, now])) !== null;
  }

  findBegun({ tenantId, userId }: UserRef, since: Date): Promise<SealedTotp | null> {
    return this.database.first(FIND_BEGUN, [tenantId, userId, since]);
  }

  find({ tenantId, userId }: UserRef, now: Date): Promise<SealedTotp | null> {
    return this.database.first(FIND, [tenantId, userId, now]);
  }

  /** Confirms exactly this key; false when another took its place or it is confirmed already. */
  async confirm(tx: Queryable, { tenantId, userId }: UserRef, by: { key: SealedTotp; step: number; now: Date }) {
    return (await tx.first(CONFIRM, [tenantId, userId, by.step, by.now, by.key.sealed])) !== null;
  }

  /** One statement decides: false when a code of this time step, or of a later one, was taken before. */
  async useStep({ tenantId, userId }: UserRef, step: number): Promise<boolean> {
    return (await this.database.first(USE_STEP, [tenantId, userId, step])) !== null;
  }

  /** True when there was one that proved something. */
  async remove(tx: Queryable, { tenantId, userId }: UserRef): Promise<boolean> {
    return (await tx.first<{ proved: boolean }>(REMOVE, [tenantId, userId]))?.proved ?? false;
  }
}
