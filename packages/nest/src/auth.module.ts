import { Global, Inject, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, HttpAdapterHost, type AbstractHttpAdapter } from '@nestjs/core';
import { AccessTokenVerifier } from './access-token-verifier';
import { AuthContextService } from './auth-context.service';
import { AuthGuard } from './auth.guard';
import { ProblemDetailsFilter, PROBLEM_OPTIONS, type ProblemOptions } from './problem-details.filter';
import { requestContext } from './request-context';
import { requestIdOf } from './request-id';

export interface AuthModuleOptions {
  /** Modules that the verifier's own dependencies come from. */
  readonly imports?: DynamicModule['imports'];
  /** How access tokens are proven: a provider for `AccessTokenVerifier` without its `provide`. */
  readonly verifier: ProviderOf<AccessTokenVerifier>;
  readonly problems?: ProblemOptions;
  /**
   * Requests that get a context although nothing injects `AuthContextService`, such as those whose log lines should
   * carry the request's id. Default: none.
   */
  readonly needsContext?: (request: RequestLike) => boolean;
}

const AUTH_OPTIONS = Symbol('AUTH_OPTIONS');

type ProviderOf<T> =
  | { useExisting: abstract new (...dependencies: never[]) => T }
  | { useValue: T }
  | { useFactory: (...dependencies: never[]) => T | Promise<T>; inject?: unknown[] };

/** What the hook below needs of a Fastify or Express request and response. */
interface RequestLike {
  readonly id?: unknown;
  readonly method?: string;
}

interface Closable {
  once(event: 'close', listener: () => void): unknown;
}

type Enter = (request: RequestLike, response: Closable, next: () => void) => void;

interface FastifyLike {
  addHook(
    name: 'preHandler',
    hook: (request: RequestLike, reply: { raw: Closable }, done: () => void) => void,
  ): unknown;
}

interface ExpressLike {
  use(middleware: Enter): unknown;
}

/** Guards every route of the application, gives requests their context and answers errors as problem documents. */
@Global()
@Module({})
export class AuthModule {
  constructor(host: HttpAdapterHost, @Inject(AUTH_OPTIONS) options: AuthModuleOptions) {
    if (host.httpAdapter) giveRequestsTheirContext(host.httpAdapter, options.needsContext ?? noneNeeds);
  }

  static forRoot(options: AuthModuleOptions): DynamicModule {
    return {
      module: AuthModule,
      imports: options.imports ?? [],
      providers: [
        { provide: AUTH_OPTIONS, useValue: options },
        { provide: AccessTokenVerifier, ...options.verifier } as Provider,
        { provide: PROBLEM_OPTIONS, useValue: options.problems ?? {} },
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useClass: ProblemDetailsFilter },
        AuthContextService,
      ],
      exports: [AccessTokenVerifier, AuthContextService],
    };
  }
}

function noneNeeds(): boolean {
  return false;
}

function giveRequestsTheirContext(adapter: AbstractHttpAdapter, needsContext: (request: RequestLike) => boolean): void {
  const enter: Enter = (request, response, next) => {
    if (!requestContext.wantedEverywhere && !needsContext(request)) return next();
    response.once('close', () => requestContext.leave());
    requestContext.enter({ requestId: requestIdOf(request) }, next);
  };
  const instance: unknown = adapter.getInstance();
  // Fastify: after the body was read, because its stream's events run outside any context entered earlier.
  if (adapter.getType() !== 'fastify') (instance as ExpressLike).use(enter);
  else (instance as FastifyLike).addHook('preHandler', (request, reply, done) => enter(request, reply.raw, done));
}
