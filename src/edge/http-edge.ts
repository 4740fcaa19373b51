import { StandardSchemaValidationPipe, type INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuthError, type FieldError } from '@latchkey/nest';
import type { Config } from '../config/config';
import { serveOpenApi } from './openapi';
import { QueryNamesPipe } from './query-names.pipe';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
}

interface CrossOriginRequest {
  readonly headers: { readonly origin?: string };
}

type AnswerCors = (error: Error | null, options: object) => void;

const MOST_ERRORS = 20;

/** Everything between the socket and the controllers: validation, CORS, base path, documentation. */
export function prepareEdge(app: NestFastifyApplication, config: Config): void {
  const { basePath, cors } = config.server;
  app.useGlobalPipes(new QueryNamesPipe(), new StandardSchemaValidationPipe({ exceptionFactory: validationFailed }));
  if (basePath !== '') app.setGlobalPrefix(basePath);
  if (cors.origins.length > 0) {
    const options = {
      origin: [...cors.origins],
      methods: ['GET', 'POST', 'PATCH', 'DELETE'],
      allowedHeaders: ['Authorization', 'Content-Type', 'X-Request-Id'],
      exposedHeaders: ['RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'],
      maxAge: 600,
    };
    // Whoever may not read an answer is not told that cookies would have counted either.
    (app as INestApplication).enableCors(({ headers }: CrossOriginRequest, answer: AnswerCors) =>
      answer(null, { ...options, credentials: cors.origins.includes(headers.origin ?? '') }),
    );
  }
  serveOpenApi(app, config);
}

function validationFailed(issues: readonly Issue[]): AuthError {
  return new AuthError('validation_failed', 'Some of what was sent is not valid', {
    errors: issues.slice(0, MOST_ERRORS).map(fieldErrorOf),
  });
}

/** Says where, never what: the value may be a password. */
function fieldErrorOf({ path = [], message }: Issue): FieldError {
  const segments = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment));
  const pointer = segments.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return { pointer, message };
}
