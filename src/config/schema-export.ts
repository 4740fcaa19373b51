import { z } from 'zod';
import { configSchema } from './config.schema';

type Json = Record<string, unknown>;

const VARIABLE = { $ref: '#/definitions/variable' };

/** The JSON Schema of the file, for editors: what a person may write, `${VAR}` included. */
export function configJsonSchema(): Json {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-7',
    reused: 'inline',
  }) as Json;
  return {
    $schema,
    title: 'Latchkey configuration',
    ...withVariables(schema),
    definitions: {
      variable: {
        type: 'string',
        pattern: '\\$\\{[A-Za-z_]\\w*((:-|:\\?)[^}]*)?\\}',
        description: 'Taken from the environment: ${VAR}, ${VAR:-default} or ${VAR:?message}.',
      },
    },
  };
}

/** The text of `config/schema.json`. */
export function renderJsonSchema(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}

function withVariables(schema: Json): Json {
  if (isJson(schema.additionalProperties)) return record(schema, schema.additionalProperties);
  if (schema.properties) return block(schema);
  if (isPlainText(schema)) return schema;
  const { description, default: preset, ...rest } = schema;
  const items = rest.items as Json | undefined;
  const value = items ? { ...rest, items: withVariables(items) } : rest;
  return {
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { default: preset }),
    anyOf: [value, VARIABLE],
  };
}

function block({ properties, default: _, ...rest }: Json): Json {
  const entries = Object.entries(properties as Record<string, Json>).map(([key, child]) => [key, withVariables(child)]);
  return { ...rest, properties: Object.fromEntries(entries) as Json };
}

/** Blocks under names that the file chooses. */
function record({ default: _, ...rest }: Json, value: Json): Json {
  return { ...rest, additionalProperties: withVariables(value) };
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function isPlainText(schema: Json): boolean {
  const limits = ['enum', 'const', 'pattern', 'format', 'anyOf'];
  return schema.type === 'string' && !limits.some((limit) => limit in schema);
}
