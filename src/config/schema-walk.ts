import { z } from 'zod';
import { configSchema } from './config.schema';
import type { Path } from './layer';
import { settingKinds } from './setting-kinds';

type Kind = 'duration' | 'secret' | 'url';

/** The schema of one key, without its wrappers. */
export interface Described {
  schema: z.core.$ZodType;
  optional: boolean;
  kind?: Kind;
}

/** Takes a schema out of its defaults, optionals and transformations. */
export function unwrapped(schema: z.core.$ZodType, optional = false): Described {
  const kind = settingKinds.get(schema)?.kind;
  if (schema instanceof z.ZodOptional) return { kind, ...unwrapped(schema.unwrap(), true) };
  if (schema instanceof z.ZodPrefault) return { kind, ...unwrapped(schema.unwrap(), optional) };
  if (schema instanceof z.ZodPipe) return { ...unwrapped(schema.in, optional), ...(kind && { kind }) };
  return { schema, optional, ...(kind && { kind }) };
}

/** What the schema says about this path, or undefined where it knows no such key. */
export function describedAt(path: Path): Described | undefined {
  let current: Described | undefined = unwrapped(configSchema);
  for (const key of path) current = current && childOf(current.schema, key);
  return current;
}

/** The description of a key of a block or an item of a list. */
export function childOf(schema: z.core.$ZodType, key: string): Described | undefined {
  if (schema instanceof z.ZodArray) return unwrapped(schema.element);
  if (schema instanceof z.ZodRecord) return unwrapped(schema.valueType);
  if (!(schema instanceof z.ZodObject) || !Object.hasOwn(schema.shape, key)) return undefined;
  return unwrapped(schema.shape[key] as z.core.$ZodType);
}

/** Every key that holds a value, in the order of the schema. */
export function knownPaths(schema: z.core.$ZodType = configSchema, path: Path = []): Path[] {
  if (!(schema instanceof z.ZodObject)) return [path];
  return Object.keys(schema.shape).flatMap((key) => knownPaths(childOf(schema, key)!.schema, [...path, key]));
}

/** The keys of the block at this path. */
export function keysOf(path: Path): string[] {
  const block = describedAt(path)?.schema;
  return block instanceof z.ZodObject ? Object.keys(block.shape) : [];
}
