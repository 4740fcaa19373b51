import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database';
import type { UserRef } from '../identity/user.store';
import type { IdentityKey } from './federated-identity';

export interface SealedTokens {
  readonly sealed: Buffer;
  readonly sealedBy: string;
}

export type StoredTokens = IdentityKey & SealedTokens;

const KEEP: Statement = {
  name: 'provider_tokens_keep',
  text: `UPDATE federated_identities SET tokens_sealed = $4, tokens_sealed_by = $5
          WHERE tenant_id = $1 AND issuer = $2 AND subject = $3`,
};
const FIND: Statement = {
  name: 'provider_tokens_find',
  text: `SELECT tenant_id AS "tenantId", issuer, subject, tokens_sealed AS sealed, tokens_sealed_by AS "sealedBy"
           FROM federated_identities
          WHERE tenant_id = $1 AND user_id = $2 AND provider = $3 AND tokens_sealed IS NOT NULL
          ORDER BY last_sign_in_at DESC NULLS LAST LIMIT 1`,
};

/** Tokens of providers, sealed. */
@Injectable()
export class ProviderTokenStore {
  constructor(private readonly database: Database) {}

  async keep({ tenantId, issuer, subject }: IdentityKey, { sealed, sealedBy }: SealedTokens): Promise<void> {
    await this.database.rows(KEEP, [tenantId, issuer, subject, sealed, sealedBy]);
  }

  /** Of the identity that was used last. */
  find({ tenantId, userId }: UserRef, provider: string): Promise<StoredTokens | null> {
    return this.database.first(FIND, [tenantId, userId, provider]);
  }
}
