import type { Generations } from '@latchkey/nest';
import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Clock } from '../common/clock';
import { isUuid } from '../common/uuid';
import { Database, type Queryable, type Statement } from '../database/database';
import { asUnavailable } from '../database/infrastructure-failure';
import { emailKey, readIdentifier, usernameKey, type Identifier } from './identifier';
import { User, type UserProfile, type UserStatus } from './user.entity';
import { TERMS, termsOf, type LoginTerms, type TermsRow } from '../tenancy/login-terms';

/** Names one user of one tenant. */
export interface UserRef {
  readonly tenantId: string;
  readonly userId: string;
}

/** A user as judged at login and refresh: everything read in one snapshot. */
export interface StoredPerson {
  readonly id: string;
  readonly tenantId: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly name: string | null;
  readonly roles: readonly string[];
  readonly status: UserStatus;
  readonly passwordHash: string | null;
  /** The owner of the mailbox has confirmed the address. */
  readonly emailVerified: boolean;
  readonly generations: Generations;
  readonly terms: LoginTerms;
  readonly secondFactors: SecondFactorState;
}

/** Which second factors an account can be proven with, and whether it needs one. */
export interface SecondFactorState {
  readonly totp: boolean;
  readonly passkey: boolean;
  readonly recoveryCodes: boolean;
  /** Null: neither the person nor the tenant says so; the configuration decides. */
  readonly required: boolean | null;
}

export interface NewUser {
  readonly tenantId: string;
  readonly email?: string | null;
  /** Its owner has confirmed it elsewhere. */
  readonly emailVerified?: boolean;
  readonly username?: string | null;
  readonly name?: string | null;
  readonly roles?: readonly string[];
  readonly passwordHash?: string | null;
}

export interface UserPage {
  /** Most users to return; 50 when not given. */
  readonly limit?: number;
  /** Id of the last user of the page before. */
  readonly after?: string;
}

interface PersonRow extends Omit<StoredPerson, 'generations' | 'terms' | 'secondFactors'>, SecondFactorState, TermsRow {
  readonly globalGeneration: number;
  readonly tenantGeneration: number;
  readonly userGeneration: number;
}

const PERSON = `
  SELECT u.id, u.tenant_id AS "tenantId", u.email, u.username, u.name, u.roles, u.status, u.password_hash AS "passwordHash",
         u.email_verified_at IS NOT NULL AS "emailVerified",
         i.generation AS "globalGeneration", t.generation AS "tenantGeneration", u.generation AS "userGeneration",
         ${TERMS},
         CASE WHEN u.mfa_required THEN true ELSE t.mfa = 'required' END AS required,
         EXISTS (SELECT 1 FROM totp_factors f
                  WHERE f.tenant_id = u.tenant_id AND f.user_id = u.id AND f.confirmed_at IS NOT NULL) AS totp,
         EXISTS (SELECT 1 FROM passkeys p WHERE p.tenant_id = u.tenant_id AND p.user_id = u.id) AS passkey,
         EXISTS (SELECT 1 FROM recovery_codes r WHERE r.tenant_id = u.tenant_id AND r.user_id = u.id) AS "recoveryCodes"
    FROM users u JOIN tenants t ON t.id = u.tenant_id CROSS JOIN instance i`;

const PERSON_BY_KEY = {
  email: { name: 'person_by_email', text: `${PERSON} WHERE u.tenant_id = $1 AND u.email_key = $2` },
  username: { name: 'person_by_username', text: `${PERSON} WHERE u.tenant_id = $1 AND u.username_key = $2` },
};
const PERSON_BY_ID = { name: 'person_by_id', text: `${PERSON} WHERE u.tenant_id = $1 AND u.id = $2` };

const PLACE_OF_USER = `(SELECT p.created_at, p.id FROM users p WHERE p.tenant_id = :tenantId AND p.id = :after)`;

const INSERT = {
  name: 'user_insert',
  text: `
    INSERT INTO users (id, tenant_id, email, email_key, username, username_key, name, roles, password_hash, created_at, updated_at,
                       email_verified_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
    ON CONFLICT DO NOTHING RETURNING id`,
};

const SET_STATUS = changeOf('status');
const SET_ROLES = changeOf('roles');
const SET_PASSWORD = changeOf('password_hash');
const SET_MFA_REQUIRED = changeOf('mfa_required');
const RAISE: Statement = {
  name: 'user_raise_generation',
  text: `UPDATE users SET generation = generation + 1, updated_at = $3
          WHERE tenant_id = $1 AND id = $2 RETURNING generation`,
};
const SET_NAME = changeOf('name');

const DELETE = {
  name: 'user_delete',
  text: `DELETE FROM users WHERE tenant_id = $1 AND id = $2 RETURNING generation + 1 AS generation`,
};

const UPGRADE_PASSWORD = {
  name: 'user_upgrade_password',
  text: `UPDATE users SET password_hash = $4 WHERE tenant_id = $1 AND id = $2 AND password_hash = $3 RETURNING id`,
};

/** The accounts of every tenant. Each method is bound to one of them; malformed ids and identifiers are "not there". */
@Injectable()
export class UserStore {
  constructor(
    private readonly database: Database,
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly clock: Clock,
  ) {}

  /** Status, roles, hash and the three generations in one snapshot; also for disabled users. */
  async findForLogin(tenantId: string, identifier: Identifier): Promise<StoredPerson | null> {
    if (!isUuid(tenantId)) return null;
    return person(await this.database.first<PersonRow>(PERSON_BY_KEY[identifier.kind], [tenantId, identifier.key]));
  }

  /** The same by id, for refresh; also for disabled users. */
  async findPersonById(tenantId: string, userId: string): Promise<StoredPerson | null> {
    if (!isUuid(tenantId) || !isUuid(userId)) return null;
    return person(await this.database.first<PersonRow>(PERSON_BY_ID, [tenantId, userId]));
  }

  /** By e-mail address or username, as typed. */
  async findByIdentifier(tenantId: string, typed: string): Promise<UserProfile | null> {
    const identifier = readIdentifier(typed);
    if (!identifier || !isUuid(tenantId)) return null;
    const { kind, key } = identifier;
    return this.users
      .findOneBy({ tenantId, ...(kind === 'email' ? { emailKey: key } : { usernameKey: key }) })
      .catch(rethrow);
  }

  /** Oldest first. */
  async list(tenantId: string, { limit = 50, after }: UserPage = {}): Promise<UserProfile[]> {
    if (!isUuid(tenantId) || (after !== undefined && !isUuid(after))) return [];
    const page = this.users.createQueryBuilder('u').where('u.tenantId = :tenantId', { tenantId });
    if (after !== undefined) page.andWhere(`(u.createdAt, u.id) > ${PLACE_OF_USER}`, { after });
    return page.orderBy('u.createdAt').addOrderBy('u.id').limit(limit).getMany().catch(rethrow);
  }

  /** The new user's id, or null when the address or the username is taken in that tenant. */
  async create(user: NewUser, tx: Queryable = this.database): Promise<string | null> {
    const { tenantId, email = null, username = null, name = null, roles = [], passwordHash = null } = user;
    const keys = [email, emailKey(email), username, usernameKey(username)];
    const now = this.clock.date();
    const verifiedAt = user.emailVerified ? now : null;
    const values = [randomUUID(), tenantId, ...keys, name, roles, passwordHash, now, verifiedAt];
    return (await tx.first<{ id: string }>(INSERT, values))?.id ?? null;
  }

  /** Raises the user's generation and returns it; null when that tenant has no such user. */
  setStatus(tx: Queryable, user: UserRef, status: UserStatus): Promise<number | null> {
    return this.change(tx, SET_STATUS, user, status);
  }

  /** Raises the user's generation and returns it; null when that tenant has no such user. */
  setRoles(tx: Queryable, user: UserRef, roles: readonly string[]): Promise<number | null> {
    return this.change(tx, SET_ROLES, user, roles);
  }

  /** Raises the user's generation and returns it; null when that tenant has no such user. */
  setPasswordHash(tx: Queryable, user: UserRef, passwordHash: string | null): Promise<number | null> {
    return this.change(tx, SET_PASSWORD, user, passwordHash);
  }

  /** Raises the user's generation and returns it; null when that tenant has no such user. */
  setMfaRequired(tx: Queryable, user: UserRef, required: boolean): Promise<number | null> {
    return this.change(tx, SET_MFA_REQUIRED, user, required);
  }

  /** The same for a change that is written elsewhere, such as to a second factor. */
  async raiseGeneration(tx: Queryable, { tenantId, userId }: UserRef): Promise<number | null> {
    if (!isUuid(tenantId) || !isUuid(userId)) return null;
    return (await tx.first<{ generation: number }>(RAISE, [tenantId, userId, this.clock.date()]))?.generation ?? null;
  }

  /** Raises the user's generation and returns it; null when that tenant has no such user. */
  setName(tx: Queryable, user: UserRef, name: string | null): Promise<number | null> {
    return this.change(tx, SET_NAME, user, name);
  }

  /** Removes the user and returns a generation above all that was issued; null when that tenant has no such user. */
  async delete(tx: Queryable, { tenantId, userId }: UserRef): Promise<number | null> {
    if (!isUuid(tenantId) || !isUuid(userId)) return null;
    return (await tx.first<{ generation: number }>(DELETE, [tenantId, userId]))?.generation ?? null;
  }

  /** Replaces exactly the old hash by a better one of the same password. Revokes nothing; false when the hash has changed meanwhile. */
  async upgradePasswordHash(user: UserRef, oldHash: string, newHash: string): Promise<boolean> {
    const values = [user.tenantId, user.userId, oldHash, newHash];
    return (await this.database.first(UPGRADE_PASSWORD, values)) !== null;
  }

  private async change(tx: Queryable, statement: Statement, user: UserRef, value: unknown): Promise<number | null> {
    if (!isUuid(user.tenantId) || !isUuid(user.userId)) return null;
    const values = [user.tenantId, user.userId, value, this.clock.date()];
    return (await tx.first<{ generation: number }>(statement, values))?.generation ?? null;
  }
}

function changeOf(column: 'status' | 'roles' | 'password_hash' | 'mfa_required' | 'name'): Statement {
  const text = `
    UPDATE users SET ${column} = $3, generation = generation + 1, updated_at = $4
     WHERE tenant_id = $1 AND id = $2 RETURNING generation`;
  return { name: `user_set_${column}`, text };
}

function person(row: PersonRow | null): StoredPerson | null {
  if (!row) return null;
  const { globalGeneration, tenantGeneration, userGeneration, totp, passkey, recoveryCodes, required, ...rest } = row;
  const { tenant_mode, tenant_access_ttl, tenant_refresh_ttl, ...facts } = rest;
  return {
    ...facts,
    generations: { global: globalGeneration, tenant: tenantGeneration, user: userGeneration },
    terms: termsOf({ tenant_mode, tenant_access_ttl, tenant_refresh_ttl }),
    secondFactors: { totp, passkey, recoveryCodes, required },
  };
}

function rethrow(error: unknown): never {
  throw asUnavailable(error);
}
