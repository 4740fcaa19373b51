import type { AuthMode } from '@latchkey/nest';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Whether the people of a tenant need a second factor. */
export type MfaPolicy = 'optional' | 'required';

export type RegistrationPolicy = 'open' | 'invite' | 'closed';

/** The slug of the tenant that exists from the first migration on and serves whoever names no other. */
export const DEFAULT_TENANT_SLUG = 'default';

/**
 * A tenant's settings. Its generation is left out on purpose: these objects are cached, and a generation is read only
 * in the snapshot that a login is judged by.
 */
@Entity('tenants')
export class Tenant {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { unique: true })
  slug!: string;

  @Column('text')
  name!: string;

  @Column('text', { array: true, default: [] })
  hosts!: string[];

  /** Null: the configuration decides. */
  @Column('text', { nullable: true })
  registration!: RegistrationPolicy | null;

  /** Null: the configuration decides. */
  @Column('text', { nullable: true })
  mfa!: MfaPolicy | null;

  /** Domains that addresses of new accounts must have, in lower case. Empty: any. */
  @Column('text', { name: 'email_domains', array: true, default: [] })
  emailDomains!: string[];

  /** Null: the configuration decides. */
  @Column('text', { nullable: true })
  mode!: AuthMode | null;

  /** Seconds, where it is less than what is configured. */
  @Column('integer', { name: 'access_token_ttl', nullable: true })
  accessTokenTtl!: number | null;

  /** Seconds, where it is less than what is configured. */
  @Column('integer', { name: 'refresh_token_ttl', nullable: true })
  refreshTokenTtl!: number | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}

/** Who may join: what the tenant says, else what the configuration says of the default tenant alone. */
export function registrationOf(
  { slug, registration }: Pick<Tenant, 'slug' | 'registration'>,
  configured: RegistrationPolicy,
): RegistrationPolicy {
  return registration ?? (slug === DEFAULT_TENANT_SLUG ? configured : 'closed');
}
