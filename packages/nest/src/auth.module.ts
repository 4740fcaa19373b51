import { Global, Inject, Module, type DynamicModule, type NestModule, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, HttpAdapterHost, ModulesContainer, type AbstractHttpAdapter } from '@nestjs/core';
import { AccessTokenVerifier } from './access-token-verifier';
import { AuthContextService } from './auth-context.service';
import { AUTH_HOOKS, harmless, type AuthHooks } from './auth-hooks';
import { AuthGuard } from './auth.guard';
import { Clock } from './clock';
import { connectionProviders, type ConnectionOptions } from './connections/connection-providers';
import { ConnectionWatch } from './connections/connection-watch';
import { endEventStreams } from './connections/event-stream-endings';
import { CookieAccess, type CookieOptions } from './cookie-access';
import { CountedVerifier } from './counted-verifier';
import { ProblemDetailsFilter, PROBLEM_OPTIONS, type ProblemOptions } from './problem-details.filter';
import { requestContext } from './request-context';
import { requestIdOf } from './request-id';
import { TenantContext } from './tenancy/tenant-context';
import { TENANT_RESOLUTION, TenantResolver, type TenantResolution } from './tenancy/tenant-resolver';
import { VerifierLifecycle } from './verifier-lifecycle';
import type { VerifierRecipe } from './verifier-recipe';

/** What an application decides. */
export interface AuthSettings {
  /** `jwks(…)`, `secret(…)`, `introspection(…)` or `auto(…)`. */
  readonly verifier: VerifierRecipe;
  readonly problems?: ProblemOptions;
  /** Takes access tokens from a cookie too, where no `Authorization` header is sent. Default: no. */
  readonly cookies?: CookieOptions;
  /** Told of validations, key readings and attempts at what belongs to others. */
  readonly hooks?: AuthHooks;
  /**
   * Requests that get a context although nothing injects `AuthContextService`, such as those whose log lines should
   * carry the request's id. Default: none.
   */
  readonly needsContext?: (request: RequestLike) => boolean;
  /** Where anonymous callers may name their tenant. Signed-in ones are held to that of their token. Default: nowhere. */
  readonly tenants?: TenantResolution;
}

export interface AuthModuleOptions extends Omit<AuthSettings, 'verifier'> {
  /** Modules that the verifier's own dependencies come from. */
  readonly imports?: DynamicModule['imports'];
  /** One of the recipes, or a provider for `AccessTokenVerifier` without its `provide`. */
  readonly verifier: VerifierRecipe | ProviderOf<AccessTokenVerifier>;
  /** Sockets and event streams: how they are let in, and when they end. */
  readonly connections?: ConnectionOptions;
}

export interface AuthModuleAsyncOptions<Dependencies extends unknown[] = never[]> {
  /** Modules that the dependencies come from. */
  readonly imports?: DynamicModule['imports'];
  readonly inject?: readonly unknown[];
  readonly useFactory: (...dependencies: Dependencies) => AuthSettings | Promise<AuthSettings>;
  /** Sockets and event streams: how they are let in, and when they end. */
  readonly connections?: ConnectionOptions;
}

type ProviderOf<T> =
  | { useExisting: abstract new (...dependencies: never[]) => T }
  | { useValue: T }
  | { useFactory: (...dependencies: never[]) => T | Promise<T>; inject?: unknown[] };

const AUTH_SETTINGS = Symbol('AUTH_SETTINGS');
const CHOSEN_VERIFIER = Symbol('CHOSEN_VERIFIER');

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
export class AuthModule implements NestModule {
  private givesContext = false;

  constructor(
    private readonly host: HttpAdapterHost,
    modules: ModulesContainer,
    watch: ConnectionWatch,
    @Inject(AUTH_SETTINGS) private readonly settings: Omit<AuthSettings, 'verifier'>,
  ) {
    endEventStreams(modules, watch);
    this.giveContext();
  }

  /** A testing module is compiled before its application has an adapter. */
  configure(): void {
    this.giveContext();
  }

  private giveContext(): void {
    const { httpAdapter } = this.host;
    if (!httpAdapter || this.givesContext) return;
    this.givesContext = true;
    giveRequestsTheirContext(httpAdapter, this.settings.needsContext ?? noneNeeds);
  }

  static forRoot({ imports, verifier, connections, ...settings }: AuthModuleOptions): DynamicModule {
    return moduleWith(imports, [
      ...connectionProviders(connections ?? {}, CHOSEN_VERIFIER),
      { provide: AUTH_SETTINGS, useValue: settings },
      typeof verifier === 'function'
        ? { provide: CHOSEN_VERIFIER, useFactory: (hooks: AuthHooks) => made(verifier, hooks), inject: [AUTH_HOOKS] }
        : ({ provide: CHOSEN_VERIFIER, ...verifier } as Provider),
    ]);
  }

  /** The same, when the settings depend on other providers, such as a configuration service. */
  static forRootAsync<Dependencies extends unknown[]>(options: AuthModuleAsyncOptions<Dependencies>): DynamicModule {
    const { imports, inject = [], useFactory, connections } = options;
    return moduleWith(imports, [
      ...connectionProviders(connections ?? {}, CHOSEN_VERIFIER),
      { provide: AUTH_SETTINGS, useFactory, inject: [...inject] } as Provider,
      {
        provide: CHOSEN_VERIFIER,
        useFactory: ({ verifier }: AuthSettings, hooks: AuthHooks) => made(verifier, hooks),
        inject: [AUTH_SETTINGS, AUTH_HOOKS],
      },
    ]);
  }
}

function made(recipe: VerifierRecipe, hooks: AuthHooks): AccessTokenVerifier {
  return recipe({ clock: new Clock(), hooks });
}

function moduleWith(imports: DynamicModule['imports'], settings: Provider[]): DynamicModule {
  return {
    module: AuthModule,
    imports: imports ?? [],
    providers: [
      ...settings,
      { provide: AUTH_HOOKS, useFactory: ({ hooks = {} }: AuthSettings) => harmless(hooks), inject: [AUTH_SETTINGS] },
      {
        provide: AccessTokenVerifier,
        useFactory: (chosen: AccessTokenVerifier, { onValidation }: AuthHooks) =>
          onValidation ? new CountedVerifier(chosen, onValidation) : chosen,
        inject: [CHOSEN_VERIFIER, AUTH_HOOKS],
      },
      { provide: PROBLEM_OPTIONS, useFactory: ({ problems = {} }: AuthSettings) => problems, inject: [AUTH_SETTINGS] },
      {
        provide: CookieAccess,
        useFactory: ({ cookies }: AuthSettings) => (cookies ? new CookieAccess(cookies) : null),
        inject: [AUTH_SETTINGS],
      },
      { provide: APP_GUARD, useClass: AuthGuard },
      { provide: APP_FILTER, useClass: ProblemDetailsFilter },
      { provide: TENANT_RESOLUTION, useFactory: ({ tenants = {} }: AuthSettings) => tenants, inject: [AUTH_SETTINGS] },
      TenantResolver,
      VerifierLifecycle,
      AuthContextService,
      TenantContext,
    ],
    exports: [AccessTokenVerifier, AuthContextService, CookieAccess, TenantContext],
  };
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
