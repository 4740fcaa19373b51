import { z } from 'zod';
import { parseRedisUrl } from './redis-url';
import { duration, settingKinds } from './setting-kinds';

const url = z.string().refine((text) => parseRedisUrl(text) !== null, {
  error:
    'must be redis://host:6379/0, redis+sentinel://host:26379,host:26379/master/0 or redis+cluster://host:6379,host:6379 ' +
    '(rediss for TLS); percent-encode special characters in the password',
});
settingKinds.add(url, { kind: 'url' });

/** `redis`: an optional helper; nothing is kept in it alone. */
export const redisSchema = z.strictObject({
  url: url.optional().describe('Redis: one server, Sentinel or Cluster. Empty: PostgreSQL and memory do its work.'),
  prefix: z
    .string()
    .regex(/^[\w.-]{1,64}$/, { error: 'must be 1 to 64 letters, digits, dots, dashes or underscores' })
    .prefault('latchkey')
    .describe('Begins every key and channel; another one for each installation that shares a Redis.'),
  command_timeout: duration('10ms', '5s').prefault('250ms').describe('Longest wait for an answer of Redis.'),
  connect_timeout: duration('100ms', '1m').prefault('2s').describe('Longest wait for a connection to Redis.'),
});
