import { AuthError } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import type { Queryable, Statement } from '../database/database';
import { emailKey } from './identifier';
import type { UserRef } from './user.store';

const LOCK: Statement = {
  name: 'account_lock',
  text: 'SELECT email FROM users WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
};

const SET_VERIFIED: Statement = {
  name: 'account_set_email_verified',
  text: `UPDATE users SET email_verified_at = coalesce(email_verified_at, $3) WHERE tenant_id = $1 AND id = $2`,
};

const SET_EMAIL: Statement = {
  name: 'account_set_email',
  text: `UPDATE users SET email = $3, email_key = $4, email_verified_at = $5, generation = generation + 1, updated_at = $5
          WHERE tenant_id = $1 AND id = $2
            AND NOT EXISTS (SELECT 1 FROM users o WHERE o.tenant_id = $1 AND o.email_key = $4 AND o.id <> $2)
         RETURNING generation`,
};

const UNIQUE_VIOLATION = '23505';

/** The e-mail address of an account, and whether its owner has confirmed it. Every method is part of a transaction. */
@Injectable()
export class AccountEmailStore {
  /** Holds the account until the transaction ends; null when there is no such account. */
  lock(tx: Queryable, { tenantId, userId }: UserRef): Promise<{ email: string | null } | null> {
    return tx.first<{ email: string | null }>(LOCK, [tenantId, userId]);
  }

  async setVerified(tx: Queryable, { tenantId, userId }: UserRef, now: Date): Promise<void> {
    await tx.rows(SET_VERIFIED, [tenantId, userId, now]);
  }

  /** The new generation. @throws AuthError `conflict` when another account of the tenant has the address. */
  async setEmail(tx: Queryable, { tenantId, userId }: UserRef, email: string, now: Date): Promise<number> {
    const values = [tenantId, userId, email, emailKey(email), now];
    const row = await tx.first<{ generation: number }>(SET_EMAIL, values).catch((error: unknown) => {
      if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return null;
      throw error;
    });
    if (!row) throw new AuthError('conflict', 'This address belongs to another account by now');
    return row.generation;
  }
}
