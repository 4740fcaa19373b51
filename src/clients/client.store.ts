import type { Generations } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { isUuid } from '../common/uuid';
import { Database, type Queryable } from '../database/database';
import type { Client, ListedClient, TenantScope } from './client';
import * as sql from './client.sql.store';

/** A client and what its secret is compared with. */
export interface ClientCredentials {
  readonly client: Client;
  readonly enabled: boolean;
  /** Of the live secrets, newest first. */
  readonly hashes: readonly Buffer[];
}

/** What a token of the client is made of, in one snapshot. */
export interface ClientGrant {
  readonly name: string;
  readonly generations: Generations;
}

export interface NewClient extends Client {
  readonly secretHash: Buffer;
  readonly now: Date;
}

interface ClientRow {
  id: string;
  name: string;
  all_tenants: boolean;
  tenants: string[];
  audiences: string[];
  enabled: boolean;
  created_at: Date;
}

export interface ListedRow extends ClientRow {
  secrets: { created_at: string; expires_at: string | null }[];
}

interface GrantRow {
  name: string;
  client_generation: number;
  tenant_generation: number;
  global_generation: number;
}

/** Clients and hashes of their secrets. Malformed and unknown ids are "not there". */
@Injectable()
export class ClientStore {
  constructor(private readonly database: Database) {}

  /** False when the name is taken. */
  create(client: NewClient): Promise<boolean> {
    const { id, name, tenants, audiences, secretHash, now } = client;
    return this.database.transaction(async (tx) => {
      if (!(await tx.first(sql.INSERT, [id, name, tenants === 'all', audiences, now]))) return false;
      if (tenants !== 'all') await tx.rows(sql.BIND, [id, tenants]);
      await tx.rows(sql.ADD_SECRET, [id, secretHash, now]);
      return true;
    });
  }

  /** One statement; disabled clients are found too. */
  async findCredentials(id: string, now: Date): Promise<ClientCredentials | null> {
    if (!isUuid(id)) return null;
    const row = await this.database.first<ClientRow & { hashes: Buffer[] }>(sql.FIND_CREDENTIALS, [now, id]);
    return row && { client: clientOf(row), enabled: row.enabled, hashes: row.hashes };
  }

  /** Null when the client is gone or disabled, or not bound to this tenant. */
  async findGrant(id: string, tenantId: string): Promise<ClientGrant | null> {
    if (!isUuid(id) || !isUuid(tenantId)) return null;
    const row = await this.database.first<GrantRow>(sql.FIND_GRANT, [id, tenantId]);
    if (!row) return null;
    const { client_generation: user, tenant_generation: tenant, global_generation: global } = row;
    return { name: row.name, generations: { global, tenant, user } };
  }

  /** Oldest first. */
  async list(now: Date): Promise<ListedClient[]> {
    return (await this.database.rows<ListedRow>(sql.LIST, [now])).map(listedOf);
  }

  /** By id or name. */
  async find(named: string, now: Date): Promise<ListedClient | null> {
    const row = await this.database.first<ListedRow>(sql.FIND, [now, named]);
    return row && listedOf(row);
  }

  /** Whoever changes the client holds this until the end of the transaction. Null when there is none. */
  async lock(tx: Queryable, id: string): Promise<TenantScope | null> {
    const row = await tx.first<Pick<ClientRow, 'all_tenants' | 'tenants'>>(sql.LOCK, [id]);
    return row && scopeOf(row);
  }

  async countSecrets(tx: Queryable, id: string, now: Date): Promise<number> {
    return (await tx.first<{ live: number }>(sql.COUNT_SECRETS, [now, id]))?.live ?? 0;
  }

  /** Adds a secret; the others end at `until` at the latest, and what ended before `now` is removed. */
  async replaceSecret(tx: Queryable, of: { id: string; hash: Buffer; now: Date; until: Date }): Promise<void> {
    await tx.rows(sql.END_SECRETS, [of.id, of.now, of.until]);
    await tx.rows(sql.ADD_SECRET, [of.id, of.hash, of.now]);
  }

  async raiseGeneration(tx: Queryable, id: string): Promise<number> {
    return (await tx.first<{ generation: number }>(sql.RAISE, [id]))?.generation ?? 0;
  }

  async setEnabled(tx: Queryable, id: string, enabled: boolean): Promise<void> {
    await tx.rows(sql.SET_ENABLED, [id, enabled]);
  }

  async delete(tx: Queryable, id: string): Promise<void> {
    await tx.rows(sql.DELETE, [id]);
  }
}

function scopeOf(row: Pick<ClientRow, 'all_tenants' | 'tenants'>): TenantScope {
  return row.all_tenants ? 'all' : row.tenants;
}

function clientOf(row: ClientRow): Client {
  return { id: row.id, name: row.name, tenants: scopeOf(row), audiences: row.audiences };
}

export function listedOf(row: ListedRow): ListedClient {
  const secrets = row.secrets.map(({ created_at, expires_at }) => ({
    createdAt: new Date(created_at),
    expiresAt: expires_at === null ? null : new Date(expires_at),
  }));
  return { ...clientOf(row), enabled: row.enabled, createdAt: row.created_at, secrets };
}
