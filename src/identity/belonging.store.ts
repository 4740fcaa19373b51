import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database';
import type { UserRef } from './user.store';

/** What people name by its id. */
export type Belonging = 'device' | 'identity' | 'passkey' | 'session';

const OWNER_OF: Readonly<Record<Belonging, Statement>> = {
  device: ownerIn('devices'),
  identity: ownerIn('federated_identities'),
  passkey: ownerIn('passkeys'),
  session: ownerIn('sessions'),
};

function ownerIn(table: string): Statement {
  return {
    name: `${table}_owner`,
    text: `SELECT tenant_id AS "tenantId", user_id AS "userId" FROM ${table} WHERE id = $1`,
  };
}

/** Whose a thing is, over all tenants. */
@Injectable()
export class BelongingStore {
  constructor(private readonly database: Database) {}

  ownerOf(kind: Belonging, id: string): Promise<UserRef | null> {
    return this.database.first<UserRef>(OWNER_OF[kind], [id]);
  }
}
