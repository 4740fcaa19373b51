import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z, type ZodType } from 'zod';
import * as schemas from './auth.schemas';

interface Documented {
  readonly summary: string;
  readonly status: number;
  readonly body?: ZodType;
  readonly guarded?: boolean;
  readonly errors: readonly number[];
}

const OPERATIONS = {
  register: {
    summary: 'Make an account. The answer is the same whether or not the address was free.',
    status: 202,
    body: schemas.registerBody,
    errors: [400, 404, 422, 503],
  },
  login: {
    summary: 'Sign in with a password.',
    status: 200,
    body: schemas.loginBody,
    errors: [400, 401, 403, 429, 503],
  },
  refresh: {
    summary: 'Exchange a refresh token of either kind.',
    status: 200,
    body: schemas.refreshBody,
    errors: [400, 401, 429, 503],
  },
  logout: { summary: 'End this login. The answer says from when on.', status: 200, guarded: true, errors: [401, 503] },
  ticket: {
    summary: 'A single-use ticket for a WebSocket handshake that cannot carry the token.',
    status: 200,
    guarded: true,
    errors: [400, 401, 403, 429, 503],
  },
  me: { summary: 'Who am I.', status: 200, guarded: true, errors: [401, 503] },
  mode: { summary: 'What the configured mode can do.', status: 200, errors: [] },
  listSessions: { summary: 'My logins.', status: 200, guarded: true, errors: [401, 409, 503] },
  revokeSession: { summary: 'End one of my logins.', status: 204, guarded: true, errors: [400, 401, 404, 409, 503] },
  revokeAllSessions: {
    summary: 'End all my logins; `except=current` keeps this one.',
    status: 204,
    guarded: true,
    errors: [400, 401, 409, 503],
  },
} satisfies Record<string, Documented>;

/** Documents a route of `/auth`; the body's schema is the very one that validates it. */
export function ApiAuthOperation(name: keyof typeof OPERATIONS): MethodDecorator {
  const { summary, status, body, guarded, errors }: Documented = OPERATIONS[name];
  return applyDecorators(
    ApiTags('auth'),
    ApiOperation({ summary, operationId: name }),
    ApiResponse({ status, description: 'Done' }),
    ...(body ? [ApiBody({ schema: jsonSchema(body) })] : []),
    ...(guarded ? [ApiBearerAuth()] : []),
    ...errors.map((code) => ApiResponse({ status: code, description: 'A problem document, RFC 9457' })),
  );
}

function jsonSchema(schema: ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}
