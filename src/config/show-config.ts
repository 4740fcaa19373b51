import { stringify } from 'yaml';
import { z } from 'zod';
import { snakeCased } from './casing';
import type { Config } from './config';
import { configSchema } from './config.schema';
import { formatDuration } from './duration';
import { childOf, unwrapped, type Described } from './schema-walk';

const MASK = '***';
/** From the first colon of the part before the host to the last @ in it. */
const PASSWORD = /^([\w+.-]+:\/\/[^:@/?#]*):[^/?#]*@/;
const PARAMETER = /([?&][^=&#]*=)[^&#]*/g;
const SECRET_PARAMETER = /password|secret|token/i;

/** The effective configuration as a file: durations with units, secrets and passwords masked. */
export function showConfig(config: Config): string {
  return `# NODE_ENV: ${config.environment}\n${stringify(maskedConfig(config))}`;
}

/** The same as a value. */
export function maskedConfig({ environment: _, ...config }: Config): object {
  return written(snakeCased(config), unwrapped(configSchema)) as object;
}

function written(value: unknown, described: Described | undefined): unknown {
  if (value === undefined || described === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => written(item, childOf(described.schema, '0')));
  if (described.schema instanceof z.ZodObject) return writtenBlock(value as Record<string, unknown>, described.schema);
  if (described.schema instanceof z.ZodRecord) return writtenRecord(value as Record<string, unknown>, described);
  if (described.kind === 'duration') return formatDuration(value as number);
  if (described.kind === 'url') return maskedUrl(value as string);
  return described.kind === 'secret' ? MASK : value;
}

function writtenBlock(value: Record<string, unknown>, schema: z.ZodObject): Record<string, unknown> {
  const keys = Object.keys(schema.shape).filter((key) => value[key] !== undefined);
  return Object.fromEntries(keys.map((key) => [key, written(value[key], childOf(schema, key))]));
}

function writtenRecord(value: Record<string, unknown>, { schema }: Described): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, written(item, childOf(schema, name))]));
}

/** By its text: a URL of several hosts is none for the URL parser. */
function maskedUrl(text: string): string {
  return text
    .replace(PASSWORD, `$1:${MASK}@`)
    .replace(PARAMETER, (whole, name: string) => (SECRET_PARAMETER.test(name) ? `${name}${MASK}` : whole));
}
