import { z } from 'zod';
import { breachedSchema, minStrength } from './password-quality.schema';
import { integer, oneOf } from './setting-kinds';

const LANES = 'must be auto or a whole number between 1 and 1024';

const argon2idSchema = z.strictObject({
  memory: integer(1024, 4_194_304).prefault(65_536).describe('KiB per hash; at least 8 for each lane.'),
  iterations: integer(1, 100).prefault(3).describe('Passes over the memory.'),
  parallelism: integer(1, 255).prefault(2).describe('Lanes.'),
  salt_length: integer(16, 64).prefault(16).describe('Bytes of salt.'),
  key_length: integer(16, 128).prefault(32).describe('Bytes of hash.'),
});

/** `auth.password`: hashing; a hash made with other settings is upgraded at the next login. */
export const passwordSchema = z.strictObject({
  algorithm: oneOf('argon2id', 'bcrypt').prefault('argon2id').describe('How new passwords are hashed.'),
  min_length: integer(8, 64).prefault(8).describe('Fewest characters of a new password.'),
  min_strength: minStrength,
  breached: breachedSchema.prefault({}).describe('New passwords that are known from data breaches.'),
  argon2id: argon2idSchema.prefault({}).describe('Parameters of argon2id.'),
  bcrypt_cost: integer(4, 16).prefault(12).describe('Cost of bcrypt; each step doubles the time.'),
  max_concurrent: z
    .union([z.literal('auto'), integer(1, 1024, LANES)], { error: LANES })
    .prefault('auto')
    .describe('Hashes at a time; auto is one for each processor, at most two.'),
});
