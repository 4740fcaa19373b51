import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AuthError, parseStrictJson, StrictJsonError } from '@latchkey/nest';
import type { Config } from '../config/config';
import { AnswerHeaders } from './answer-headers';
import { dropIdentityHeaders } from './identity-headers';
import { answerParserError } from './parser-errors';
import { problemTypeBase } from './problem-type';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is a form, not JSON. */
    readonly form?: boolean;
    /** OAuth libraries call it, and want errors in their own words. */
    readonly oauth?: boolean;
  }
}

/** Bytes. The largest body that a client has reason to send is a hundredth of it. */
const LARGEST_BODY = 100 * 1024;
const LONGEST_PATH_PARAMETER = 256;
/** Milliseconds. */
const HEADERS_WITHIN = 10_000;
const REQUEST_WITHIN = 30_000;
const KEEP_ALIVE = 72_000;

const FORM = 'application/x-www-form-urlencoded';
const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/;

/** Fastify with bounds on everything that a client can send. */
export function fastifyAdapter(config: Config): FastifyAdapter {
  const headers = new AnswerHeaders(config);
  const adapter = new FastifyAdapter({
    trustProxy: config.server.trustedProxies.length > 0 ? [...config.server.trustedProxies] : false,
    bodyLimit: LARGEST_BODY,
    genReqId: requestId,
    requestTimeout: REQUEST_WITHIN,
    connectionTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE,
    http: { headersTimeout: HEADERS_WITHIN },
    routerOptions: { maxParamLength: LONGEST_PATH_PARAMETER },
    forceCloseConnections: 'idle',
    // While it stops, what still comes over open connections is answered, and each is closed with its answer.
    return503OnClosing: false,
    // Fastify's own answers to a path that it cannot route repeat the path, and whatever was in it.
    frameworkErrors: (...facts: Parameters<FastifyInstance['errorHandler']>) => {
      const [, request, reply] = facts;
      void reply.headers(headers.of(request.url)).header('x-request-id', request.id);
      fastify.errorHandler(...facts);
    },
    clientErrorHandler: answerParserError(problemTypeBase(config)),
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  // The form as it came: whoever takes it reads it, and answers for what is wrong with it.
  fastify.addContentTypeParser(FORM, { parseAs: 'buffer' }, (request, body, done) => {
    if (request.routeOptions.config.form) done(null, body);
    else done(new AuthError('unsupported_media_type', 'Send application/json'));
  });
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (request.routeOptions.config.form) return done(new AuthError('unsupported_media_type', `Send ${FORM}`));
    try {
      done(null, body.length === 0 ? undefined : parseStrictJson(body as Buffer));
    } catch (error) {
      const reason = error instanceof StrictJsonError ? error.message : 'The body could not be read';
      done(new AuthError('validation_failed', reason));
    }
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    dropIdentityHeaders(request.headers);
    void reply.headers(headers.of(request.url)).header('x-request-id', request.id);
    done();
  });
  return adapter;
}

/** The caller's own id when it is harmless in a log, else a new one. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}
