import { Global, Module, type Provider } from '@nestjs/common';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { TenancyModule } from '../tenancy/tenancy.module';
import { ActivityRecorder } from './activity-recorder';
import { AuthStrategies, STRATEGIES } from './auth-strategies';
import type { AuthStrategy, SuccessorKind } from './auth-strategy';
import { ClientTokens } from './client-tokens';
import { ClientWatch } from './client-watch';
import { FeedConnectionJudge } from './feed-connection-judge';
import { FeedPolicy } from './feed-policy';
import { HorizonRecorder } from './horizon-recorder';
import { IssuancePolicy } from './issuance-policy';
import { JwtIssuer } from './jwt/jwt-issuer';
import { JwtPassportStrategy } from './jwt/jwt-passport.strategy';
import { JwtProofs } from './jwt/jwt-proofs';
import { JwtTools } from './jwt/jwt-tools';
import { JwtVerification } from './jwt/jwt-verification';
import { JwtStrategy } from './jwt/jwt.strategy';
import { LineageKeys } from './lineage';
import { LiveLogins } from './live-logins.store';
import { LoginKeeping } from './login-keeping';
import { LoginRevoker } from './login-revoker';
import { ModeCapabilities } from './mode-capabilities';
import { ModePlanStore } from './mode-plan.store';
import { PassportRunner } from './passport-runner';
import { PostgresSessionStore } from './postgres-session.store';
import { RedisSessionStore } from './redis-session.store';
import { RefreshDecisions } from './refresh-decisions';
import { RefreshLedgerStore } from './refresh-ledger.store';
import { RefreshRefusals } from './refresh-refusals';
import { SessionLimit } from './session-limit';
import { SessionRows } from './session-rows';
import { SessionCopies } from './session-copies';
import { SessionStore } from './session.store';
import { SessionPassportStrategy } from './session/session-passport.strategy';
import { SessionProofs } from './session/session-proofs';
import { SessionStrategy } from './session/session.strategy';
import { TicketStore } from './ticket.store';
import { Tickets } from './tickets';
import { StrategyTokenVerifier } from './token-verifier';

/** The only place where the mode is read. */
export function issuancePolicyOf({ auth }: Config): IssuancePolicy {
  const statelessKind: SuccessorKind = auth.jwt.sessions === 'tracked' ? 'tracked_jwt' : 'untracked_jwt';
  const kind = auth.mode === 'stateful' ? 'session' : statelessKind;
  return new IssuancePolicy({
    mode: auth.mode,
    statelessKind,
    accepts: auth.accept,
    // What keeps state of its logins judges the JWTs of another mode by it too.
    jwtsAreRevocable: kind !== 'untracked_jwt' || auth.jwt.revocation === 'denylist',
    refreshesPerMinute: auth.refreshesPerMinute,
    reuseWindow: auth.refreshReuseWindow,
    binding: auth.session.bind,
    idleTimeout: auth.session.idleTimeout,
  });
}

function sessionStoreOf({ auth }: Config, rows: PostgresSessionStore, copies: RedisSessionStore): SessionStore {
  return auth.session.store === 'redis' ? copies : rows;
}

const stateful: Provider[] = [SessionProofs, SessionPassportStrategy, SessionStrategy];
const stateless: Provider[] = [JwtIssuer, JwtProofs, JwtVerification, JwtPassportStrategy, JwtTools, JwtStrategy];

/** Both strategies behind the port, and what they share. */
@Global()
@Module({
  imports: [TenancyModule],
  providers: [
    ...stateful,
    ...stateless,
    ActivityRecorder,
    AuthStrategies,
    ClientTokens,
    ClientWatch,
    FeedConnectionJudge,
    FeedPolicy,
    HorizonRecorder,
    LineageKeys,
    LiveLogins,
    LoginKeeping,
    LoginRevoker,
    ModeCapabilities,
    ModePlanStore,
    PassportRunner,
    RefreshDecisions,
    RefreshLedgerStore,
    RefreshRefusals,
    SessionLimit,
    SessionRows,
    StrategyTokenVerifier,
    TicketStore,
    Tickets,
    PostgresSessionStore,
    RedisSessionStore,
    SessionCopies,
    { provide: SessionStore, useFactory: sessionStoreOf, inject: [CONFIG, PostgresSessionStore, RedisSessionStore] },
    { provide: IssuancePolicy, useFactory: issuancePolicyOf, inject: [CONFIG] },
    {
      provide: STRATEGIES,
      useFactory: (...strategies: AuthStrategy[]) => strategies,
      inject: [SessionStrategy, JwtStrategy],
    },
  ],
  exports: [
    AuthStrategies,
    ClientTokens,
    FeedConnectionJudge,
    FeedPolicy,
    IssuancePolicy,
    LiveLogins,
    LoginRevoker,
    ModeCapabilities,
    ModePlanStore,
    RefreshLedgerStore,
    SessionStore,
    StrategyTokenVerifier,
    TicketStore,
    Tickets,
  ],
})
export class StrategyModule {}
