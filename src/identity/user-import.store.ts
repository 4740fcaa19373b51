import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import type { Queryable, Statement } from '../database/database';
import { emailKey, usernameKey } from './identifier';
import type { UserStatus } from './user.entity';

/** An account as another system had it. */
export interface ImportedUser {
  readonly id: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly name: string | null;
  readonly roles: readonly string[];
  readonly status: UserStatus;
  readonly emailVerified: boolean;
  readonly passwordHash: string | null;
}

/** What stands in the way of one imported account; nulls where nothing does. */
export interface ImportObstacles {
  /** Tenant of the account that has the same id. */
  readonly idTenant: string | null;
  /** Accounts of the tenant that have the same address or username. */
  readonly emailOwner: string | null;
  readonly usernameOwner: string | null;
}

/** What an update may change without ending anything. */
export interface ImportedFacts {
  readonly tenantId: string;
  readonly userId: string;
  readonly name: string | null;
  readonly emailVerified: boolean;
  /** Kept only where the account has none. */
  readonly passwordHash: string | null;
  readonly now: Date;
}

const INSERT: Statement = {
  name: 'user_import_insert',
  text: `
    INSERT INTO users (id, tenant_id, email, email_key, username, username_key, name, roles, status, email_verified_at,
                       password_hash, created_at, updated_at)
    SELECT u.id, $1, u.email, u.email_key, u.username, u.username_key, u.name, string_to_array(u.roles, ' '), u.status,
           CASE WHEN u.verified THEN $2::timestamptz END, u.password_hash, $2, $2
      FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
                  $11::boolean[], $12::text[])
           AS u (id, email, email_key, username, username_key, name, roles, status, verified, password_hash)
    ON CONFLICT DO NOTHING RETURNING id`,
};

const OBSTACLES: Statement = {
  name: 'user_import_obstacles',
  text: `
    SELECT (SELECT tenant_id FROM users WHERE id = u.id) AS "idTenant",
           (SELECT id FROM users WHERE tenant_id = $1 AND email_key = u.email_key) AS "emailOwner",
           (SELECT id FROM users WHERE tenant_id = $1 AND username_key = u.username_key) AS "usernameOwner"
      FROM unnest($2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY AS u (id, email_key, username_key, place)
     ORDER BY u.place`,
};

const UPDATE: Statement = {
  name: 'user_import_update',
  text: `
    UPDATE users SET name = coalesce($3, name), password_hash = coalesce(password_hash, $4),
           email_verified_at = CASE WHEN $5 THEN coalesce(email_verified_at, $6) ELSE email_verified_at END,
           updated_at = $6
     WHERE tenant_id = $1 AND id = $2
       AND (name IS DISTINCT FROM coalesce($3, name) OR (password_hash IS NULL AND $4::text IS NOT NULL)
            OR ($5 AND email_verified_at IS NULL))
    RETURNING id`,
};

/** Accounts by the hundred. A batch is one statement: all of it is there, or nothing. */
@Injectable()
export class UserImportStore {
  constructor(private readonly database: BackgroundDatabase) {}

  /** Ids of those that were made; the others met an id, an address or a username that is taken. */
  async insert(tenantId: string, users: readonly ImportedUser[], now: Date): Promise<Set<string>> {
    return this.insertIn(this.database, tenantId, users, now);
  }

  /** Makes all of them, or none when one is taken. */
  async insertAll(tenantId: string, users: readonly ImportedUser[], now: Date): Promise<boolean> {
    const undone = Symbol('undone');
    const work = async (tx: Queryable): Promise<boolean> => {
      if ((await this.insertIn(tx, tenantId, users, now)).size < users.length) throw undone;
      return true;
    };
    return this.database.transaction(work).catch((error: unknown) => {
      if (error === undone) return false;
      throw error;
    });
  }

  /** In the order of the users. */
  obstacles(tenantId: string, users: readonly ImportedUser[]): Promise<ImportObstacles[]> {
    const ids = users.map(({ id }) => id);
    const keys = [users.map(({ email }) => emailKey(email)), users.map(({ username }) => usernameKey(username))];
    return this.database.rows<ImportObstacles>(OBSTACLES, [tenantId, ids, ...keys]);
  }

  /** True when something was to be changed. */
  async update(facts: ImportedFacts): Promise<boolean> {
    const { tenantId, userId, name, passwordHash, emailVerified, now } = facts;
    const values = [tenantId, userId, name, passwordHash, emailVerified, now];
    return (await this.database.first(UPDATE, values)) !== null;
  }

  private async insertIn(
    database: Queryable,
    tenantId: string,
    users: readonly ImportedUser[],
    now: Date,
  ): Promise<Set<string>> {
    const column = <T>(of: (user: ImportedUser) => T): T[] => users.map(of);
    const rows = await database.rows<{ id: string }>(INSERT, [
      tenantId,
      now,
      column(({ id }) => id),
      column(({ email }) => email),
      column(({ email }) => emailKey(email)),
      column(({ username }) => username),
      column(({ username }) => usernameKey(username)),
      column(({ name }) => name),
      column(({ roles }) => roles.join(' ')),
      column(({ status }) => status),
      column(({ emailVerified }) => emailVerified),
      column(({ passwordHash }) => passwordHash),
    ]);
    return new Set(rows.map(({ id }) => id));
  }
}
