import { z } from 'zod';
import { connectionUrl, distinct, duration, integer, oneOf, origin } from './setting-kinds';

const publicUrl = z
  .string()
  .refine(isBareUrl, {
    error: 'must be an http:// or https:// URL without a path, user or query; a path belongs in server.base_path',
  })
  .transform((url) => new URL(url).origin);

const basePath = z
  .string()
  .regex(/^(\/[\w.~-]+)*\/?$/, { error: 'must be empty or start with a slash, such as /auth-svc' })
  .transform((path) => path.replace(/\/$/, ''));

const address = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'must be an IP address or a range such as 10.0.0.0/8',
});

/** `server`: where the service listens and what it is called from outside. */
export const serverSchema = z.strictObject({
  host: z.string().min(1).prefault('0.0.0.0').describe('Address to listen on.'),
  port: integer(0, 65535).prefault(4000).describe('Port to listen on; 0 picks any free one.'),
  public_url: publicUrl
    .optional()
    .describe('The URL clients use to reach the service. Empty: http://localhost and the port.'),
  base_path: basePath.prefault('').describe('Path prefix of every route, for a proxy that does not strip it.'),
  trusted_proxies: distinct(address)
    .prefault([])
    .describe('IP addresses or ranges of proxies whose X-Forwarded-* headers are believed.'),
  cors: z
    .strictObject({
      origins: distinct(origin).prefault([]).describe('Exact browser origins that may call the API.'),
    })
    .prefault({})
    .describe('Cross-origin requests from browsers.'),
  allow_http: z
    .boolean()
    .prefault(false)
    .describe('Lets production use plain http on addresses that are not loopback ones: public_url and webhooks.'),
  shutdown_timeout: duration('0s', '10m').prefault('10s').describe('Time that open requests get at shutdown.'),
});

/** `database`: PostgreSQL, given or embedded. */
export const databaseSchema = z.strictObject({
  url: connectionUrl('postgres', 'postgresql')
    .optional()
    .describe('PostgreSQL connection URL. Empty: an embedded PostgreSQL under data_dir.'),
  direct_url: connectionUrl('postgres', 'postgresql')
    .optional()
    .describe('Connection that bypasses a pooler such as PgBouncer, for LISTEN and locks. Empty: the same as url.'),
  prepared_statements: z.boolean().prefault(true).describe('Off for poolers that cannot carry prepared statements.'),
  pool: z
    .strictObject({
      max: integer(1, 1000).prefault(10).describe('Connections per process.'),
      acquire_timeout: duration('100ms', '1m').prefault('2s').describe('Longest wait for a free connection.'),
    })
    .prefault({})
    .describe('Connection pool.'),
  row_level_security: oneOf('auto', 'require', 'off')
    .prefault('auto')
    .describe('Policies behind requests of signed-in people. auto: where the role latchkey_tenant can be taken.'),
  statement_timeout: duration('100ms', '10m').prefault('2s').describe('Longest time for one statement.'),
});

/** `log`: what is written. */
export const logSchema = z.strictObject({
  level: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')
    .prefault('info')
    .describe('Least important level that is written.'),
});

function isBareUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { origin, href } = new URL(text);
  return href === `${origin}/`;
}
