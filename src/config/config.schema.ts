import { z } from 'zod';
import { authSchema } from './auth.schema';
import { databaseSchema, logSchema, serverSchema } from './server.schema';

const redisUrl = z.literal('', {
  error: 'cannot be used yet, Redis is not supported: leave it empty, PostgreSQL does its work',
});

/** Every key of the file, with its default, its bounds and its description. */
export const configSchema = z.strictObject({
  server: serverSchema.prefault({}).describe('Where the service listens.'),
  database: databaseSchema.prefault({}).describe('PostgreSQL.'),
  redis: z
    .strictObject({ url: redisUrl.optional().describe('Not available yet; leave it empty.') })
    .prefault({})
    .describe('Redis, later.'),
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
