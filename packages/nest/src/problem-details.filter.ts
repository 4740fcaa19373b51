import { Catch, Inject, Injectable, Logger, Optional, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { AuthError } from './auth-error';
import { asAuthError, problemDetails, problemHeaders } from './problem-details';
import { requestIdOf } from './request-id';
import { TenancyError } from './tenancy/tenancy-error';

export interface ProblemOptions {
  /** Prefix of every problem `type`. Default `urn:latchkey:problem:`. */
  readonly typeBase?: string;
  /** Told of every error before it is answered, with the request it belongs to. */
  readonly onError?: (error: AuthError, request: unknown) => void;
  /** What the document has beside the usual, for requests that need it. */
  readonly extend?: (error: AuthError, request: unknown) => ProblemExtension | null;
}

export interface ProblemExtension {
  readonly members: Readonly<Record<string, string>>;
  /** Instead of `application/problem+json`. */
  readonly mediaType?: string;
}

export const PROBLEM_OPTIONS = Symbol('PROBLEM_OPTIONS');

/** Answers every error as `application/problem+json` (RFC 9457), on Fastify and on Express. */
@Catch()
@Injectable()
export class ProblemDetailsFilter implements ExceptionFilter {
  private readonly logger = new Logger('Tenancy');

  constructor(
    private readonly host: HttpAdapterHost,
    @Optional() @Inject(PROBLEM_OPTIONS) private readonly options: ProblemOptions = {},
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const error = asAuthError(thrown);
    const http = host.switchToHttp();
    this.options.onError?.(error, http.getRequest());
    // The answer says nothing of it, and without a log the mistake would never be found.
    if (thrown instanceof TenancyError && !this.options.onError) this.logger.error(thrown.message, thrown.stack);
    const adapter = this.host.httpAdapter;
    const response: unknown = http.getResponse();
    if (adapter.isHeadersSent(response)) return;
    for (const [name, value] of Object.entries(problemHeaders(error))) adapter.setHeader(response, name, value);
    const extension = this.options.extend?.(error, http.getRequest());
    const mediaType = extension?.mediaType ?? 'application/problem+json';
    adapter.setHeader(response, 'Content-Type', `${mediaType}; charset=utf-8`);
    const typeBase = this.options.typeBase ?? 'urn:latchkey:problem:';
    const problem = problemDetails(error, typeBase, requestIdOf(http.getRequest<object>()));
    adapter.reply(response, JSON.stringify({ ...problem, ...extension?.members }), error.status);
  }
}
