import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
ALTER TABLE tenants ADD COLUMN mfa text CHECK (mfa IN ('optional', 'required'));
COMMENT ON COLUMN tenants.mfa IS 'Whether its people need a second factor. NULL: the configuration decides.';
ALTER TABLE users ADD COLUMN mfa_required boolean NOT NULL DEFAULT false;

CREATE TABLE totp_factors (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  sealed bytea NOT NULL,
  sealed_by text NOT NULL,
  created_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  last_step bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN totp_factors.sealed IS 'The shared key under AES-256-GCM, bound to its row.';
COMMENT ON COLUMN totp_factors.confirmed_at IS 'Empty: enrolment is under way, and the factor proves nothing yet.';
COMMENT ON COLUMN totp_factors.last_step IS 'The latest time step (RFC 6238) that a code was taken for; only later ones are taken.';

CREATE TABLE recovery_codes (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  code_hash bytea NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, user_id, code_hash),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE recovery_codes IS 'Used by being deleted: whoever deletes one has it.';

CREATE TABLE passkeys (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  credential_id bytea NOT NULL,
  public_key bytea NOT NULL,
  sign_count bigint NOT NULL,
  transports text[] NOT NULL DEFAULT '{}',
  aaguid uuid,
  backed_up boolean NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,
  UNIQUE (tenant_id, credential_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX passkeys_by_user ON passkeys (tenant_id, user_id);

CREATE TABLE passkey_ceremonies (
  challenge_hash bytea PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('register', 'sign_in', 'confirm')),
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  user_id uuid,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE passkey_ceremonies IS 'WebAuthn challenges under way. Used by being deleted.';
CREATE INDEX passkey_ceremonies_by_expiry ON passkey_ceremonies (expires_at);

CREATE TABLE login_challenges (
  challenge_hash bytea PRIMARY KEY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  user_generation integer NOT NULL,
  remember boolean NOT NULL,
  enrols boolean NOT NULL,
  expires_at timestamptz NOT NULL,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE login_challenges IS 'Logins whose password was right and that wait for a second factor. Used by being deleted.';
COMMENT ON COLUMN login_challenges.user_generation IS 'Whatever changes the account ends the challenge.';
COMMENT ON COLUMN login_challenges.enrols IS 'The account has no second factor yet and needs one: this challenge may set one up.';
CREATE INDEX login_challenges_by_expiry ON login_challenges (expires_at);

CREATE TABLE devices (
  token_hash bytea PRIMARY KEY,
  id uuid NOT NULL UNIQUE,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  name text,
  trusted_until timestamptz,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE devices IS 'Devices on which somebody has signed in: wrong passwords from elsewhere do not lock them out.';
COMMENT ON COLUMN devices.trusted_until IS 'Until then the device stands for the second factor.';
CREATE INDEX devices_by_user ON devices (tenant_id, user_id);
CREATE INDEX devices_by_expiry ON devices (expires_at);
`;

const DOWN = `
DROP TABLE devices, login_challenges, passkey_ceremonies, passkeys, recovery_codes, totp_factors;
ALTER TABLE users DROP COLUMN mfa_required;
ALTER TABLE tenants DROP COLUMN mfa;
`;

export class CreateSecondFactors1795500005000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
