import { Column, Entity, PrimaryColumn } from 'typeorm';

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

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
