import { parse } from 'yaml';
import { z } from 'zod';
import { describedAt } from './schema-walk';
import type { Path } from './layer';

const NOT_TEXT = [z.ZodNumber, z.ZodBoolean, z.ZodUnion, z.ZodArray];

/** Reads text from the environment as what the key holds: numbers, booleans and lists as YAML, all else as it stands. */
export function valueOfText(text: string, path: Path): unknown {
  const schema = describedAt(path)?.schema;
  if (text === '' || !NOT_TEXT.some((type) => schema instanceof type)) return text;
  try {
    return parse(text, { logLevel: 'error' }) as unknown;
  } catch {
    return text;
  }
}
