import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z, type ZodObject, type ZodType } from 'zod';

export interface Documented {
  readonly summary: string;
  readonly status: number;
  readonly query?: ZodObject;
  readonly body?: ZodType;
  readonly guarded?: boolean;
  readonly errors: readonly number[];
}

/** Documents a route. The schemas of its query and its body are the very ones that validate them. */
export function documented(tag: string, name: string, facts: Documented): MethodDecorator {
  const { summary, status, query, body, guarded, errors } = facts;
  return applyDecorators(
    ApiTags(tag),
    ApiOperation({ summary, operationId: name }),
    ApiResponse({ status, description: 'Done' }),
    ...(query ? parametersOf(query) : []),
    ...(body ? [ApiBody({ schema: jsonSchema(body) })] : []),
    ...(guarded ? [ApiBearerAuth()] : []),
    ...errors.map((code) => ApiResponse({ status: code, description: 'A problem document, RFC 9457' })),
  );
}

function parametersOf(query: ZodObject): MethodDecorator[] {
  const { properties = {} } = jsonSchema(query) as { properties?: Record<string, { description?: string }> };
  return Object.entries(properties).map(([name, schema]) =>
    ApiQuery({ name, required: false, schema, description: schema.description }),
  );
}

function jsonSchema(schema: ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}
