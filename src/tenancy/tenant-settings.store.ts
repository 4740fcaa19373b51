import type { AuthMode } from '@latchkey/nest';
import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { isUuid } from '../common/uuid';
import { Database, type Queryable, type Statement } from '../database/database';
import type { MfaPolicy, RegistrationPolicy, Tenant } from './tenant.entity';
import { normaliseHost, type NewTenant } from './tenant.store';

/** What is left out stays as it is. */
export interface TenantSettings {
  readonly name?: string;
  readonly hosts?: readonly string[];
  /** Null: the configuration decides. */
  readonly registration?: RegistrationPolicy | null;
  /** Null: the configuration decides. */
  readonly mfa?: MfaPolicy | null;
  /** Empty: any. */
  readonly emailDomains?: readonly string[];
  /** Null: the configuration decides. */
  readonly mode?: AuthMode | null;
  /** Seconds. Null: the configuration decides. */
  readonly accessTokenTtl?: number | null;
  /** Seconds. Null: the configuration decides. */
  readonly refreshTokenTtl?: number | null;
}

export interface TenantPage {
  /** The last tenant of the page before. */
  readonly after?: { readonly createdAt: Date; readonly id: string };
  readonly limit: number;
}

/** Why nothing was written. */
export type TenantRefusal = 'not_found' | 'slug_taken' | 'host_taken';

const FACTS = `id, slug, name, hosts, registration, mfa, email_domains AS "emailDomains", mode,
               access_token_ttl AS "accessTokenTtl", refresh_token_ttl AS "refreshTokenTtl", created_at AS "createdAt"`;
// The first tenant was made by the database, whose clock is finer than a cursor.
const MADE = `date_trunc('milliseconds', created_at)`;

const LIST: Statement = {
  name: 'tenant_list',
  text: `SELECT ${FACTS} FROM tenants
          WHERE $1::timestamptz IS NULL OR (${MADE}, id) > ($1, $2::uuid)
          ORDER BY ${MADE}, id LIMIT $3`,
};

const LOCK_HOSTS: Statement = {
  name: 'tenant_lock_hosts',
  text: `SELECT pg_advisory_xact_lock(hashtext('latchkey_tenant_hosts'))`,
};

const HOST_TAKEN: Statement = {
  name: 'tenant_host_taken',
  text: 'SELECT 1 FROM tenants WHERE hosts && $1::text[] AND id <> $2 LIMIT 1',
};

const INSERT: Statement = {
  name: 'tenant_insert',
  text: `INSERT INTO tenants (id, slug, name, hosts, registration, created_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (slug) DO NOTHING RETURNING ${FACTS}`,
};

const UPDATE: Statement = {
  name: 'tenant_update',
  text: `UPDATE tenants SET name = coalesce($2, name), hosts = coalesce($3::text[], hosts),
                            registration = CASE WHEN $4::boolean THEN $5 ELSE registration END,
                            mfa = CASE WHEN $6::boolean THEN $7 ELSE mfa END,
                            email_domains = coalesce($8::text[], email_domains),
                            mode = CASE WHEN $9::boolean THEN $10 ELSE mode END,
                            access_token_ttl = CASE WHEN $11::boolean THEN $12::integer ELSE access_token_ttl END,
                            refresh_token_ttl = CASE WHEN $13::boolean THEN $14::integer ELSE refresh_token_ttl END
          WHERE id = $1 RETURNING ${FACTS}`,
};

/** Tenants as they are administered. A host means one tenant: whoever claims one waits for the others who do. */
@Injectable()
export class TenantSettingsStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Oldest first. */
  page({ after, limit }: TenantPage): Promise<Tenant[]> {
    return this.database.rows<Tenant>(LIST, [after?.createdAt ?? null, after?.id ?? null, limit]);
  }

  create({ slug, name, hosts = [], registration = null }: NewTenant): Promise<Tenant | TenantRefusal> {
    const id = randomUUID();
    const written = spelled(hosts);
    return this.database.transaction(async (tx) => {
      if (await this.isTaken(tx, id, written)) return 'host_taken';
      const values = [id, slug, name, written, registration, this.clock.date()];
      return (await tx.first<Tenant>(INSERT, values)) ?? 'slug_taken';
    });
  }

  async update(
    id: string,
    { name, hosts, registration, mfa, emailDomains, mode, accessTokenTtl, refreshTokenTtl }: TenantSettings,
  ): Promise<Tenant | TenantRefusal> {
    if (!isUuid(id)) return 'not_found';
    const written = hosts && spelled(hosts);
    return this.database.transaction(async (tx) => {
      if (written && (await this.isTaken(tx, id, written))) return 'host_taken';
      const terms = [mode, accessTokenTtl, refreshTokenTtl].flatMap(given);
      const values = [id, name ?? null, written ?? null, ...given(registration), ...given(mfa), emailDomains ?? null];
      return (await tx.first<Tenant>(UPDATE, [...values, ...terms])) ?? 'not_found';
    });
  }

  private async isTaken(tx: Queryable, id: string, hosts: readonly string[]): Promise<boolean> {
    await tx.rows(LOCK_HOSTS);
    return (await tx.first(HOST_TAKEN, [hosts, id])) !== null;
  }
}

/** Whether it is to be changed, and to what. */
function given<T>(value: T | null | undefined): [boolean, T | null] {
  return [value !== undefined, value ?? null];
}

function spelled(hosts: readonly string[]): string[] {
  return [...new Set(hosts.map(normaliseHost))];
}
