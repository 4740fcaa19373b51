import { Injectable } from '@nestjs/common';
import { foldAscii } from '../common/fold-ascii';
import { isUuid } from '../common/uuid';
import { Database, type Statement } from '../database/database';
import type { UserStatus } from './user.entity';

/** An account as administrators see it: no hash. */
export interface ListedAccount {
  readonly id: string;
  readonly tenantId: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly name: string | null;
  readonly roles: readonly string[];
  readonly status: UserStatus;
  readonly hasPassword: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface AccountQuery {
  /** How an e-mail address or a username begins. */
  readonly search?: string;
  readonly status?: UserStatus;
  readonly role?: string;
  /** The last account of the page before. */
  readonly after?: { readonly createdAt: Date; readonly id: string };
  readonly limit: number;
}

/** Above every printable ASCII character, which is all that a key holds. */
const ABOVE = '\x7f';

const FACTS = `u.id, u.tenant_id AS "tenantId", u.email, u.username, u.name, u.roles, u.status,
               u.password_hash IS NOT NULL AS "hasPassword", u.created_at AS "createdAt", u.updated_at AS "updatedAt"`;
const WANTED = `u.tenant_id = $1 AND ($2::text IS NULL OR u.status = $2) AND ($3::text IS NULL OR $3 = ANY (u.roles))
                AND ($4::timestamptz IS NULL OR (u.created_at, u.id) > ($4, $5::uuid))`;
const PAGE = 'ORDER BY u.created_at, u.id LIMIT $6';

const LIST: Statement = { name: 'account_list', text: `SELECT ${FACTS} FROM users u WHERE ${WANTED} ${PAGE}` };

const SEARCH: Statement = {
  name: 'account_search',
  text: `SELECT ${FACTS} FROM users u
          WHERE ${WANTED} AND ((u.email_key ~>=~ $7 AND u.email_key ~<~ $8) OR (u.username_key ~>=~ $7 AND u.username_key ~<~ $8))
          ${PAGE}`,
};

const FIND: Statement = {
  name: 'account_find',
  text: `SELECT ${FACTS} FROM users u WHERE u.tenant_id = $1 AND u.id = $2`,
};

const TENANT_OF: Statement = {
  name: 'account_tenant_of',
  text: `SELECT tenant_id FROM latchkey_owner('user', $1)`,
};

/** What administrators ask about accounts. Malformed ids are "not there". */
@Injectable()
export class AccountDirectory {
  constructor(private readonly database: Database) {}

  /** Oldest first. */
  page(tenantId: string, { search, status, role, after, limit }: AccountQuery): Promise<ListedAccount[]> {
    const values = [tenantId, status ?? null, role ?? null, after?.createdAt ?? null, after?.id ?? null, limit];
    if (search === undefined) return this.database.rows<ListedAccount>(LIST, values);
    const from = foldAscii(search);
    return this.database.rows<ListedAccount>(SEARCH, [...values, from, from + ABOVE]);
  }

  async find(tenantId: string, id: string): Promise<ListedAccount | null> {
    return isUuid(tenantId) && isUuid(id) ? this.database.first<ListedAccount>(FIND, [tenantId, id]) : null;
  }

  /** The tenant that a user belongs to, for whoever then judges whether it is within reach. */
  async tenantOf(id: string): Promise<string | null> {
    if (!isUuid(id)) return null;
    return (await this.database.first<{ tenant_id: string }>(TENANT_OF, [id]))?.tenant_id ?? null;
  }
}
