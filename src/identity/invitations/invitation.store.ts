import { Injectable } from '@nestjs/common';
import { isUuid } from '../../common/uuid';
import { BackgroundDatabase } from '../../database/background-database';
import { Database, type Queryable, type Statement } from '../../database/database';

/** Somebody who was asked to join a tenant and has not answered yet. */
export interface Invitation {
  readonly id: string;
  readonly tenantId: string;
  readonly email: string;
  readonly roles: readonly string[];
  /** The code went to the address by mail. */
  readonly mailed: boolean;
  /** Null: the account of whoever invited is gone. */
  readonly invitedBy: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface NewInvitation extends Invitation {
  readonly emailKey: string;
  readonly hash: Buffer;
}

/** An account as an invitation makes it. */
export interface InvitedUser {
  readonly id: string;
  readonly name: string | null;
  readonly username: string | null;
  readonly usernameKey: string | null;
  readonly passwordHash: string;
}

export interface InvitationPage {
  /** The last invitation of the page before. */
  readonly after?: { readonly createdAt: Date; readonly id: string };
  readonly limit: number;
}

const FACTS = `id, tenant_id AS "tenantId", email, roles, mailed, invited_by AS "invitedBy", created_at AS "createdAt",
               expires_at AS "expiresAt"`;

// A newer invitation takes the place of the older one to the same address.
const PUT: Statement = {
  name: 'invitation_put',
  text: `INSERT INTO invitations (id, tenant_id, email, email_key, roles, code_hash, mailed, invited_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (tenant_id, email_key) DO UPDATE
            SET id = excluded.id, email = excluded.email, roles = excluded.roles, code_hash = excluded.code_hash,
                mailed = excluded.mailed, invited_by = excluded.invited_by, created_at = excluded.created_at,
                expires_at = excluded.expires_at`,
};

const PAGE: Statement = {
  name: 'invitation_page',
  text: `SELECT ${FACTS} FROM invitations
          WHERE tenant_id = $1 AND expires_at > $2 AND ($3::timestamptz IS NULL OR (created_at, id) > ($3, $4::uuid))
          ORDER BY created_at, id LIMIT $5`,
};

const TENANT: Statement = {
  name: 'invitation_tenant',
  text: `SELECT tenant_id AS "tenantId" FROM latchkey_owner('invitation', $1)`,
};

const WITHDRAW: Statement = {
  name: 'invitation_withdraw',
  text: 'DELETE FROM invitations WHERE tenant_id = $1 AND id = $2 RETURNING id',
};

const BY_CODE: Statement = {
  name: 'invitation_by_code',
  text: `SELECT ${FACTS} FROM invitations WHERE code_hash = $1 AND expires_at > $2`,
};

// Of several at once one deletes the row; the others wait for it and find nothing.
const TAKE: Statement = {
  name: 'invitation_take',
  text: `DELETE FROM invitations WHERE code_hash = $1 AND expires_at > $2 RETURNING ${FACTS}, email_key AS "emailKey"`,
};

const JOIN: Statement = {
  name: 'invitation_join',
  text: `INSERT INTO users (id, tenant_id, email, email_key, username, username_key, name, roles, password_hash,
                            email_verified_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
         ON CONFLICT DO NOTHING RETURNING id`,
};

const PURGE: Statement = {
  name: 'invitations_purge',
  text: `WITH expired AS (SELECT id FROM invitations WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
         DELETE FROM invitations i USING expired e WHERE i.id = e.id RETURNING 1`,
};

/** Invitations, by the hashes of their codes. */
@Injectable()
export class InvitationStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  async put(tx: Queryable, invitation: NewInvitation): Promise<void> {
    const { id, tenantId, email, emailKey, roles, hash, mailed, invitedBy, createdAt, expiresAt } = invitation;
    await tx.rows(PUT, [id, tenantId, email, emailKey, roles, hash, mailed, invitedBy, createdAt, expiresAt]);
  }

  /** Those of a tenant that can be accepted, oldest first. */
  page(tenantId: string, now: Date, { after, limit }: InvitationPage): Promise<Invitation[]> {
    const values = [tenantId, now, after?.createdAt ?? null, after?.id ?? null, limit];
    return this.database.rows<Invitation>(PAGE, values);
  }

  /** The one question that is asked before the tenant is known. */
  async tenantOf(id: string): Promise<string | null> {
    if (!isUuid(id)) return null;
    return (await this.database.first<{ tenantId: string }>(TENANT, [id]))?.tenantId ?? null;
  }

  /** False when there is none. */
  async withdraw(tenantId: string, id: string): Promise<boolean> {
    return (await this.database.first(WITHDRAW, [tenantId, id])) !== null;
  }

  /** Uses nothing up. */
  findByCode(hash: Buffer, now: Date): Promise<Invitation | null> {
    return this.database.first<Invitation>(BY_CODE, [hash, now]);
  }

  /** Uses the code up, in one statement: null when it is unknown or somebody was faster. */
  take(tx: Queryable, hash: Buffer, now: Date): Promise<(Invitation & { emailKey: string }) | null> {
    return tx.first(TAKE, [hash, now]);
  }

  /** False when the address or the username is taken in the tenant. */
  async join(
    tx: Queryable,
    { tenantId, email, emailKey, roles, mailed }: Invitation & { emailKey: string },
    user: InvitedUser,
    now: Date,
  ): Promise<boolean> {
    const { id, username, usernameKey, name, passwordHash } = user;
    const names = [email, emailKey, username, usernameKey, name];
    const values = [id, tenantId, ...names, roles, passwordHash, mailed ? now : null, now];
    return (await tx.first(JOIN, values)) !== null;
  }

  /** Removes at most `limit` that nobody accepted in time; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}
