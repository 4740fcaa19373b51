import { applyDecorators } from '@nestjs/common';
import { ApiBasicAuth, ApiBody, ApiConsumes, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';

interface Documented {
  readonly summary: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly required?: readonly string[];
  readonly produces?: string;
  readonly errors: readonly number[];
}

const CREDENTIALS = { client_id: 'Instead of Basic', client_secret: 'Instead of Basic' };
const TOKEN = { token: 'The token', token_type_hint: 'Not needed: a token shows its kind' };

const OPERATIONS = {
  token: {
    summary: 'A token for a client that acts for itself (RFC 6749, section 4.4).',
    parameters: { grant_type: 'client_credentials', tenant_id: 'Needed by a client of several tenants' },
    required: ['grant_type'],
    errors: [400, 401, 415, 429, 503],
  },
  introspect: {
    summary: 'What an access token of either kind stands for (RFC 7662).',
    parameters: TOKEN,
    required: ['token'],
    errors: [400, 401, 415, 429, 503],
  },
  revokeToken: {
    summary: 'End the login that a token belongs to (RFC 7009). Unknown tokens are answered alike.',
    parameters: TOKEN,
    required: ['token'],
    errors: [400, 401, 409, 415, 429, 503],
  },
  revocations: {
    summary: 'What was revoked since a cursor; without one, everything live.',
    errors: [400, 401, 429, 503],
  },
  revocationStream: {
    summary: 'The same as server-sent events, resumable by Last-Event-ID.',
    produces: 'text/event-stream',
    errors: [400, 401, 405, 429, 503],
  },
} satisfies Record<string, Documented>;

/** Documents a route for clients. */
export function ApiOAuthOperation(name: keyof typeof OPERATIONS): MethodDecorator {
  const { summary, parameters, required = [], produces, errors }: Documented = OPERATIONS[name];
  return applyDecorators(
    ApiTags('oauth'),
    ApiBasicAuth('client'),
    ApiOperation({ summary, operationId: name }),
    ApiResponse({ status: 200, description: 'Done' }),
    ...(produces ? [ApiProduces(produces)] : []),
    ...(parameters ? [ApiConsumes('application/x-www-form-urlencoded'), formBody(parameters, required)] : []),
    ...errors.map((code) => ApiResponse({ status: code, description: 'A problem document with an OAuth error in it' })),
  );
}

function formBody(parameters: Readonly<Record<string, string>>, required: readonly string[]): MethodDecorator {
  const described = Object.entries({ ...parameters, ...CREDENTIALS });
  const properties = Object.fromEntries(
    described.map(([name, description]) => [name, { type: 'string', description }]),
  );
  return ApiBody({ schema: { type: 'object', properties, required: [...required] } });
}
