import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../../database/background-database';
import { Database, type Queryable, type Statement } from '../../database/database';
import type { UserRef } from '../user.store';

export type CodePurpose = 'verify' | 'reset' | 'change_old' | 'change_new';

export interface NewCode extends UserRef {
  readonly purpose: CodePurpose;
  readonly hash: Buffer;
  /** Where it is sent. */
  readonly address: string;
  /** For a change of address. */
  readonly newAddress?: string;
  readonly pair?: string;
  /** True when no other code has to be used. */
  readonly otherUsed?: boolean;
  readonly now: Date;
  readonly expiresAt: Date;
}

/** A code of a change of address that was used just now. */
export interface UsedHalf {
  readonly pair: string;
  /** True when it was the second one. */
  readonly otherUsed: boolean;
  readonly newAddress: string;
}

/** A code as it is presented. */
export interface PresentedCode {
  readonly hash: Buffer;
  readonly now: Date;
}

const ADD: Statement = {
  name: 'account_code_add',
  text: `INSERT INTO account_codes (code_hash, purpose, tenant_id, user_id, address, new_address, pair, other_used, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
};

const OWNER: Statement = {
  name: 'account_code_owner',
  text: `SELECT c.tenant_id AS "tenantId", c.user_id AS "userId" FROM account_codes c
           JOIN users u ON u.tenant_id = c.tenant_id AND u.id = c.user_id AND u.status = 'active'
          WHERE c.code_hash = $1 AND c.purpose = ANY ($2::text[]) AND c.expires_at > $3`,
};

// Of several at once one deletes the row; the others wait for it and find nothing.
const USE: Statement = {
  name: 'account_code_use',
  text: `DELETE FROM account_codes WHERE code_hash = $1 AND purpose = $2 AND expires_at > $3 AND tenant_id = $4 AND user_id = $5
         RETURNING address`,
};

const USE_HALF: Statement = {
  name: 'account_code_use_half',
  text: `DELETE FROM account_codes
          WHERE code_hash = $1 AND purpose IN ('change_old', 'change_new') AND expires_at > $2 AND tenant_id = $3 AND user_id = $4
         RETURNING pair, other_used AS "otherUsed", new_address AS "newAddress"`,
};

const TELL_OTHER: Statement = {
  name: 'account_code_tell_other',
  text: 'UPDATE account_codes SET other_used = true WHERE pair = $1',
};

const VERIFY: Statement = {
  name: 'account_code_verify',
  text: `WITH used AS (DELETE FROM account_codes WHERE code_hash = $1 AND purpose = 'verify' AND expires_at > $2
                       RETURNING tenant_id, user_id, address)
         UPDATE users u SET email_verified_at = coalesce(u.email_verified_at, $2) FROM used
          WHERE u.tenant_id = used.tenant_id AND u.id = used.user_id AND u.email = used.address AND u.status = 'active'
         RETURNING u.tenant_id AS "tenantId", u.id AS "userId"`,
};

const REVOKE: Statement = {
  name: 'account_codes_revoke',
  text: `DELETE FROM account_codes WHERE tenant_id = $1 AND user_id = $2 AND ($3::text[] IS NULL OR purpose = ANY ($3))`,
};

const PURGE: Statement = {
  name: 'account_codes_purge',
  text: `WITH expired AS (SELECT code_hash FROM account_codes WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
         DELETE FROM account_codes c USING expired e WHERE c.code_hash = e.code_hash RETURNING 1`,
};

/** Codes that were sent by mail, by their hashes. */
@Injectable()
export class AccountCodeStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  /** Part of the caller's transaction. */
  async add(tx: Queryable, code: NewCode): Promise<void> {
    const { hash, purpose, tenantId, userId, address, newAddress = null, pair = null, otherUsed = false } = code;
    await tx.rows(ADD, [
      hash,
      purpose,
      tenantId,
      userId,
      address,
      newAddress,
      pair,
      otherUsed,
      code.now,
      code.expiresAt,
    ]);
  }

  /** Whose code it is; uses nothing up. Null when it is unknown, used, expired or for something else. */
  findOwner({ hash, now }: PresentedCode, ...purposes: readonly CodePurpose[]): Promise<UserRef | null> {
    return this.database.first<UserRef>(OWNER, [hash, purposes, now]);
  }

  /** One statement: false when somebody was faster. */
  async use(tx: Queryable, user: UserRef, purpose: CodePurpose, { hash, now }: PresentedCode): Promise<boolean> {
    return (await tx.first(USE, [hash, purpose, now, user.tenantId, user.userId])) !== null;
  }

  /** Uses one code of a change of address. The account's row is to be locked before: the two codes take turns. */
  async useHalf(tx: Queryable, user: UserRef, { hash, now }: PresentedCode): Promise<UsedHalf | null> {
    const half = await tx.first<UsedHalf>(USE_HALF, [hash, now, user.tenantId, user.userId]);
    if (half && !half.otherUsed) await tx.rows(TELL_OTHER, [half.pair]);
    return half;
  }

  /** Uses a code up and confirms the address it was sent to, if it still is the account's. One statement. */
  verify({ hash, now }: PresentedCode): Promise<UserRef | null> {
    return this.database.first<UserRef>(VERIFY, [hash, now]);
  }

  /** Part of the caller's transaction. All codes of the account, or those for these purposes. */
  async revoke(tx: Queryable, user: UserRef, purposes: readonly CodePurpose[] | null = null): Promise<void> {
    await tx.rows(REVOKE, [user.tenantId, user.userId, purposes]);
  }

  /** Removes at most `limit` that nobody used in time; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}
