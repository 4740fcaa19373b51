import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { isUuid } from '../common/uuid';
import { Database, type Queryable, type Statement } from '../database/database';
import type { UserRef } from '../identity/user.store';
import type { IdentityKey } from './federated-identity';

/** An identity as its owner sees it. */
export interface LinkedIdentity {
  readonly id: string;
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  readonly createdAt: Date;
  readonly lastSignInAt: Date | null;
}

export type NewIdentity = IdentityKey & UserRef & { readonly provider: string };

const USER = `tenant_id AS "tenantId", user_id AS "userId"`;
const KEY = 'tenant_id = $1 AND issuer = $2 AND subject = $3';

const FIND: Statement = {
  name: 'federated_identity_find',
  text: `SELECT ${USER} FROM federated_identities WHERE ${KEY}`,
};
const FIND_EVERYWHERE: Statement = {
  name: 'federated_identity_find_everywhere',
  text: `SELECT ${USER} FROM federated_identities WHERE provider = $1 AND issuer = $2 AND subject = $3`,
};
const ADD: Statement = {
  name: 'federated_identity_add',
  text: `INSERT INTO federated_identities (id, tenant_id, user_id, provider, issuer, subject, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id`,
};
const SIGNED_IN: Statement = {
  name: 'federated_identity_signed_in',
  text: `UPDATE federated_identities SET last_sign_in_at = $4, provider = $5 WHERE ${KEY}`,
};
const LIST: Statement = {
  name: 'federated_identity_list',
  text: `SELECT id, provider, issuer, subject, created_at AS "createdAt", last_sign_in_at AS "lastSignInAt"
           FROM federated_identities WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at, id`,
};
const LOCK_OWNER: Statement = {
  name: 'federated_identity_lock_owner',
  text: 'SELECT id FROM users WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
};
const REMOVE: Statement = {
  name: 'federated_identity_remove',
  text: `DELETE FROM federated_identities WHERE tenant_id = $1 AND user_id = $2 AND id = $3 RETURNING provider`,
};

/** The identities of accounts. Text that no issuer or subject can be is "not there". */
@Injectable()
export class FederatedIdentityStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  find({ tenantId, issuer, subject }: IdentityKey): Promise<UserRef | null> {
    return this.database.first(FIND, [tenantId, issuer, subject]);
  }

  /** The accounts of one person of an issuer, in whatever tenant. For what the issuer itself says about them. */
  findEverywhere(provider: string, issuer: string, subject: string): Promise<UserRef[]> {
    return this.database.rows(FIND_EVERYWHERE, [provider, issuer, subject]);
  }

  /** False when the identity belongs to an account of this tenant already. */
  async add(identity: NewIdentity, tx: Queryable = this.database): Promise<boolean> {
    const { tenantId, userId, provider, issuer, subject } = identity;
    const values = [randomUUID(), tenantId, userId, provider, issuer, subject, this.clock.date()];
    return (await tx.first(ADD, values)) !== null;
  }

  async signedIn({ tenantId, issuer, subject }: IdentityKey, provider: string): Promise<void> {
    await this.database.rows(SIGNED_IN, [tenantId, issuer, subject, this.clock.date(), provider]);
  }

  list({ tenantId, userId }: UserRef, tx: Queryable = this.database): Promise<LinkedIdentity[]> {
    return tx.rows(LIST, [tenantId, userId]);
  }

  /** Holds the account until the transaction ends. */
  async lockOwner(tx: Queryable, { tenantId, userId }: UserRef): Promise<void> {
    await tx.rows(LOCK_OWNER, [tenantId, userId]);
  }

  /** The provider's name; null when this account has no such identity. */
  async remove(tx: Queryable, { tenantId, userId }: UserRef, id: string): Promise<string | null> {
    if (!isUuid(id)) return null;
    return (await tx.first<{ provider: string }>(REMOVE, [tenantId, userId, id]))?.provider ?? null;
  }
}
