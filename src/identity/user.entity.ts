import { Column, Entity, PrimaryColumn } from 'typeorm';

export type UserStatus = 'active' | 'disabled';

/** A person's account in one tenant. The keys are what the database compares; the other spellings are what was typed. */
@Entity('users')
export class User {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'tenant_id' })
  tenantId!: string;

  @Column('text', { nullable: true })
  email!: string | null;

  @Column('text', { name: 'email_key', nullable: true, select: false })
  emailKey!: string | null;

  @Column('text', { nullable: true })
  username!: string | null;

  @Column('text', { name: 'username_key', nullable: true, select: false })
  usernameKey!: string | null;

  @Column('text', { nullable: true })
  name!: string | null;

  @Column('text', { array: true, default: [] })
  roles!: string[];

  @Column('text', { default: 'active' })
  status!: UserStatus;

  @Column('text', { name: 'password_hash', nullable: true, select: false })
  passwordHash!: string | null;

  @Column('integer', { default: 0 })
  generation!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** A user as everything but the login itself sees them. */
export type UserProfile = Omit<User, 'emailKey' | 'usernameKey' | 'passwordHash'>;
