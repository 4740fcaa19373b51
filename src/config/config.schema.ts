import { z } from 'zod';
import { authSchema } from './auth.schema';
import { redisSchema } from './redis.schema';
import { databaseSchema, logSchema, serverSchema } from './server.schema';

/** Every key of the file, with its default, its bounds and its description. */
export const configSchema = z.strictObject({
  server: serverSchema.prefault({}).describe('Where the service listens.'),
  database: databaseSchema.prefault({}).describe('PostgreSQL.'),
  redis: redisSchema.prefault({}).describe('Redis, optional.'),
  data_dir: z
    .string()
    .min(1)
    .optional()
    .meta({ default: '.latchkey' })
    .describe('Folder for the embedded database and generated keys. As root: /var/lib/latchkey.'),
  log: logSchema.prefault({}).describe('Log.'),
  auth: authSchema.prefault({}).describe('Signing in.'),
});

/** A valid file with every default filled in, still in the file's own names. */
export type Settings = z.output<typeof configSchema>;
