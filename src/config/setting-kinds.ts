import { z } from 'zod';
import { formatDuration, parseDuration } from './duration';

/** Marks what the value of a key is, for those who print it. */
export const settingKinds = z.registry<{ kind: 'duration' | 'secret' | 'url' }>();

const WRITE_A_UNIT = 'must be a whole number with a unit: ms, s, m, h or d (for example 15m)';

/** A time span, written with a unit and given to the code in milliseconds; the bounds are written the same way. */
export function duration(min: string, max: string) {
  const [low, high] = [parseDuration(min)!, parseDuration(max)!];
  const schema = z
    .string({ error: wrongType })
    .meta({ pattern: '^\\d{1,12}(ms|s|m|h|d)$' })
    .transform((text, context) => {
      const milliseconds = parseDuration(text);
      const message = durationProblem(text, milliseconds, low, high);
      if (message) context.addIssue({ code: 'custom', message });
      return milliseconds ?? 0;
    });
  settingKinds.add(schema, { kind: 'duration' });
  return schema;
}

function durationProblem(text: string, milliseconds: number | null, low: number, high: number): string | null {
  if (milliseconds === null) return /^\d+$/.test(text) ? bareNumber(text) : WRITE_A_UNIT;
  if (milliseconds >= low && milliseconds <= high) return null;
  return `must be between ${formatDuration(low)} and ${formatDuration(high)}`;
}

function wrongType({ input }: { input?: unknown }): string | undefined {
  if (input === null) return undefined;
  return typeof input === 'number' ? bareNumber(String(input)) : WRITE_A_UNIT;
}

function bareNumber(text: string): string {
  return `is a bare number where a duration belongs: write ${text}h, or another unit (ms, s, m, h, d)`;
}

/** A whole number between two bounds, or what `range` says instead. */
export function integer(min: number, max: number, range = `must be a whole number between ${min} and ${max}`) {
  return z
    .int({ error: ({ input }) => (input === null ? undefined : range) })
    .min(min, range)
    .max(max, range);
}

/** A secret: never printed, neither by errors nor by `config show`. */
export function secret() {
  const schema = z.string();
  settingKinds.add(schema, { kind: 'secret' });
  return schema;
}

/** An origin as browsers send it: scheme, host and port, nothing else. */
export const origin = z.string().refine(isOrigin, {
  error: 'must be an exact origin such as https://app.example.com: no wildcard, no path, no trailing slash',
});

function isOrigin(text: string): boolean {
  return /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** A connection URL of one of these schemes; its password is masked when printed. */
export function connectionUrl(...schemes: string[]) {
  const schema = z
    .string()
    .refine((url) => schemes.some((scheme) => url.startsWith(`${scheme}://`)) && URL.canParse(url), {
      error: `must be a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}; percent-encode special characters in the password`,
    });
  settingKinds.add(schema, { kind: 'url' });
  return schema;
}

/** One of these words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return z.enum(words);
}

/** A list without repetitions. */
export function distinct<Item extends z.ZodType>(item: Item) {
  return z.array(item).refine((items) => new Set(items).size === items.length, { error: 'names something twice' });
}
