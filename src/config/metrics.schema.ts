import { z } from 'zod';
import { integer } from './setting-kinds';

/** `metrics`: what a Prometheus reads. */
export const metricsSchema = z.strictObject({
  enabled: z.boolean().prefault(true).describe('Whether metrics are counted and served.'),
  host: z.string().min(1).prefault('127.0.0.1').describe('Address to serve metrics on; nobody is asked who they are.'),
  port: integer(0, 65535).prefault(9464).describe('Port to serve metrics on; 0 picks any free one.'),
  tenant_label: z
    .boolean()
    .prefault(false)
    .describe('Adds the id of the tenant to logins, refreshes and lockouts; beyond 200 tenants the rest is `other`.'),
});
