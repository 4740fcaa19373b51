import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { randomUUID } from 'node:crypto';
import { AccessTokenVerifier } from './access-token-verifier';
import { AuthContextService } from './auth-context.service';
import { AuthGuard } from './auth.guard';
import { connectionProviders, type ConnectionOptions } from './connections/connection-providers';
import { ConnectionWatch } from './connections/connection-watch';
import { endEventStreams } from './connections/event-stream-endings';
import { ProblemDetailsFilter, PROBLEM_OPTIONS, type ProblemOptions } from './problem-details.filter';
import { requestContext } from './request-context';

export interface AuthModuleOptions {
  /** Modules that the verifier's own dependencies come from. */
  readonly imports?: DynamicModule['imports'];
  /** How access tokens are proven: a provider for `AccessTokenVerifier` without its `provide`. */
  readonly verifier: ProviderOf<AccessTokenVerifier>;
  readonly problems?: ProblemOptions;
  /** Sockets and event streams: how they are let in, and when they end. */
  readonly connections?: ConnectionOptions;
}

type ProviderOf<T> =
  | { useExisting: abstract new (...dependencies: never[]) => T }
  | { useValue: T }
  | { useFactory: (...dependencies: never[]) => T | Promise<T>; inject?: unknown[] };

interface RequestLike {
  readonly id?: unknown;
}

interface FastifyLike {
  addHook(name: 'preHandler', hook: (request: RequestLike, reply: unknown, done: () => void) => void): unknown;
}

interface ExpressLike {
  use(middleware: (request: RequestLike, response: unknown, next: () => void) => void): unknown;
}

/** Guards every route of the application, gives every request its context and answers errors as problem documents. */
@Global()
@Module({})
export class AuthModule {
  constructor(host: HttpAdapterHost, modules: ModulesContainer, watch: ConnectionWatch) {
    endEventStreams(modules, watch);
    if (host.httpAdapter) giveEveryRequestItsContext(host.httpAdapter.getType(), host.httpAdapter.getInstance());
  }

  static forRoot(options: AuthModuleOptions): DynamicModule {
    return {
      module: AuthModule,
      imports: options.imports ?? [],
      providers: [
        { provide: AccessTokenVerifier, ...options.verifier } as Provider,
        { provide: PROBLEM_OPTIONS, useValue: options.problems ?? {} },
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useClass: ProblemDetailsFilter },
        AuthContextService,
        ...connectionProviders(options.connections ?? {}),
      ],
      exports: [AccessTokenVerifier, AuthContextService],
    };
  }
}

function giveEveryRequestItsContext(type: string, instance: unknown): void {
  const enter = (request: RequestLike, _: unknown, next: () => void): void => {
    const requestId = typeof request.id === 'string' ? request.id : randomUUID();
    requestContext.run({ requestId }, next);
  };
  // Fastify: after the body was read, because its stream's events run outside any context entered earlier.
  if (type === 'fastify') (instance as FastifyLike).addHook('preHandler', enter);
  else (instance as ExpressLike).use(enter);
}
