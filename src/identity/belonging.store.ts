import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database';
import type { UserRef } from './user.store';

/** What people name by its id. */
export type Belonging = 'device' | 'identity' | 'passkey' | 'session';

const OWNER_OF: Statement = {
  name: 'belonging_owner',
  text: 'SELECT tenant_id AS "tenantId", user_id AS "userId" FROM latchkey_owner($1, $2)',
};

/** Whose a thing is, over all tenants. */
@Injectable()
export class BelongingStore {
  constructor(private readonly database: Database) {}

  ownerOf(kind: Belonging, id: string): Promise<UserRef | null> {
    return this.database.first<UserRef>(OWNER_OF, [kind, id]);
  }
}
