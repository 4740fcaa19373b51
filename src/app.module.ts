import { Global, Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import { AuthModule, type AuthError } from '@latchkey/nest';
import { AdminModule } from './admin/admin.module';
import { AuditJobsModule, AuditModule } from './audit/audit.module';
import { AuthEndpointsModule } from './auth/auth-endpoints.module';
import type { Clock } from './common/clock';
import { CommonModule } from './common/common.module';
import type { Logger } from './common/logger';
import type { Config } from './config/config';
import { CONFIG } from './config/config.token';
import { DevMailboxModule } from './dev-mailbox/dev-mailbox.module';
import { DatabaseModule } from './database/database.module';
import { problemTypeBase } from './edge/problem-type';
import { socketOptions } from './edge/socket-options';
import { OidcModule } from './federation/oidc/oidc.module';
import { PassThroughTokens } from './federation/oidc/pass-through-tokens';
import { PassThroughVerifier } from './federation/oidc/pass-through.verifier';
import { ProvidersModule } from './federation/oidc/providers.module';
import { SamlModule } from './federation/saml/saml.module';
import { HealthModule } from './health/health.module';
import { LetterDeskModule } from './identity/letters/letter-desk.module';
import { IdentityModule } from './identity/identity.module';
import { KeyKeepingModule, KeysModule } from './keys/keys.module';
import { RootKeys } from './keys/root-keys';
import { MailDeliveryModule, MailModule } from './mail/mail.module';
import { MaintenanceModule } from './maintenance/maintenance.module';
import { AuthObserver } from './metrics/auth-observer';
import { MetricsModule } from './metrics/metrics.module';
import { oauthProblem } from './oauth/oauth-problem';
import { OAuthModule } from './oauth/oauth.module';
import { DiscoveryModule } from './oauth/discovery.module';
import { ProblemsModule } from './problems/problems.module';
import { LimitsModule } from './protection/limits.module';
import { LOCKOUT_KEY } from './protection/lockout-key.token';
import { RateLimits } from './protection/rate-limits';
import { RedisModule } from './redis/redis.module';
import { RevocationModule } from './revocation/revocation.module';
import { accessCookieName } from './sign-in/cookie-scope';
import { FeedConnectionJudge } from './strategy/feed-connection-judge';
import { GuessLimitedVerifier } from './strategy/guess-limited-verifier';
import { StrategyModule } from './strategy/strategy.module';
import { Tickets } from './strategy/tickets';
import { StrategyTokenVerifier } from './strategy/token-verifier';
import { TenancyModule } from './tenancy/tenancy.module';

export interface AppSettings {
  readonly config: Config;
  readonly logger: Logger;
  /** Another clock, for tests. */
  readonly clock?: Clock;
  /** Further modules that share the guards, such as an application's own controllers. */
  readonly extend?: DynamicModule['imports'];
  /** Called before the application is initialised, as to choose the adapter of its gateways. */
  readonly prepare?: (app: INestApplication) => void;
}

/** What the configuration gives to everyone. */
@Global()
@Module({})
export class SettingsModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: SettingsModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOCKOUT_KEY, useFactory: (roots: RootKeys) => roots.derive('lockout'), inject: [RootKeys] },
      ],
      exports: [CONFIG, LOCKOUT_KEY],
    };
  }
}

/** The composition root. */
@Module({})
export class AppModule {
  static forRoot({ config, logger, clock, extend = [] }: AppSettings): DynamicModule {
    const observer = new AuthObserver();
    const delivery = MailDeliveryModule.forRoot(config);
    return {
      module: AppModule,
      imports: [
        CommonModule.forRoot(logger, clock),
        SettingsModule.forRoot(config),
        DatabaseModule.forRoot(config),
        RedisModule.forRoot(config),
        KeysModule.forRoot(config),
        KeyKeepingModule,
        TenancyModule,
        AuditModule.forRoot(),
        AuditJobsModule,
        MailModule,
        delivery,
        RevocationModule,
        LimitsModule,
        IdentityModule,
        LetterDeskModule.forRoot(config, IdentityModule),
        DevMailboxModule.forRoot(config, delivery),
        StrategyModule,
        MetricsModule.forRoot(config, observer),
        AuthModule.forRoot({
          verifier: {
            useFactory: guessLimited,
            inject: [PassThroughTokens, PassThroughVerifier, StrategyTokenVerifier, RateLimits],
          },
          hooks: observer.hooks(config.metrics.enabled),
          problems: {
            typeBase: problemTypeBase(config),
            onError: logError(logger),
            extend: oauthProblem,
          },
          cookies: {
            access: accessCookieName(config),
            origins: [new URL(config.server.publicUrl).origin, ...config.server.cors.origins],
          },
          connections: {
            judge: { useExisting: FeedConnectionJudge },
            tickets: { useExisting: Tickets },
            sockets: socketOptions(config),
          },
          // What changes something is logged, with the id of its request.
          needsContext: ({ method }) => method !== 'GET' && method !== 'HEAD',
        }),
        ProvidersModule.forRoot(config),
        AuthEndpointsModule,
        OidcModule,
        SamlModule,
        AdminModule,
        OAuthModule,
        DiscoveryModule,
        HealthModule,
        ProblemsModule,
        MaintenanceModule,
        ...extend,
      ],
    };
  }
}

/** Nothing is looked for in tokens of others where no provider is passed through. */
function guessLimited(
  passed: PassThroughTokens,
  withProviders: PassThroughVerifier,
  own: StrategyTokenVerifier,
  limits: RateLimits,
): GuessLimitedVerifier {
  return new GuessLimitedVerifier(passed.areUsed ? withProviders : own, limits);
}

/** What a client did wrong is a line for debugging; what we did wrong is an error with its cause. */
function logError(logger: Logger): (error: AuthError, request: unknown) => void {
  return (error, request) => {
    // A request has its id before it has its context, as when its body cannot be read.
    const { id } = request as { id?: string };
    const facts = { request_id: id, code: error.code, status: error.status, reason: error.detail };
    if (error.status >= 500) logger.error({ ...facts, err: error.cause ?? error }, error.message);
    else logger.debug(facts, error.message);
  };
}
