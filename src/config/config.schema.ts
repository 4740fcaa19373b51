import { z } from 'zod';
import { auditSchema } from './audit.schema';
import { authSchema } from './auth.schema';
import { federationSchema } from './federation.schema';
import { mailSchema } from './mail.schema';
import { metricsSchema } from './metrics.schema';
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
  mail: mailSchema.prefault({}).describe('E-mail.'),
  log: logSchema.prefault({}).describe('Log.'),
  metrics: metricsSchema.prefault({}).describe('Metrics for Prometheus.'),
  audit: auditSchema.prefault({}).describe('The audit trail and its webhooks.'),
  auth: authSchema.prefault({}).describe('Signing in.'),
  federation: federationSchema.prefault({}).describe('Signing in with identities of others.'),
});

/** A valid file with every default filled in, still in the file's own names. */
export type Settings = z.output<typeof configSchema>;
