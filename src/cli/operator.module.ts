import { RevocationMirror } from '@latchkey/nest';
import { Global, Module, type DynamicModule, type Type } from '@nestjs/common';
import { SettingsModule } from '../app.module';
import { AuditModule } from '../audit/audit.module';
import { CommonModule } from '../common/common.module';
import type { Logger } from '../common/logger';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { DatabaseModule } from '../database/database.module';
import { IdentityModule } from '../identity/identity.module';
import { KeysModule } from '../keys/keys.module';
import { MailModule } from '../mail/mail.module';
import { ProtectionModule } from '../protection/protection.module';
import { RateLimitStore } from '../protection/rate-limit.store';
import { RedisModule } from '../redis/redis.module';
import { RevocationFeed } from '../revocation/revocation-feed';
import { REVOCATION_PUSH } from '../revocation/revocation.module';
import { RevocationStore } from '../revocation/revocation.store';
import { IssuancePolicy } from '../strategy/issuance-policy';
import { LoginRevoker } from '../strategy/login-revoker';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import { PostgresSessionStore } from '../strategy/postgres-session.store';
import { RefreshLedgerStore } from '../strategy/refresh-ledger.store';
import { TicketStore } from '../strategy/ticket.store';
import { SessionStore } from '../strategy/session.store';
import { issuancePolicyOf } from '../strategy/strategy.module';
import { TenancyModule } from '../tenancy/tenancy.module';
import { ModePlanStore } from '../strategy/mode-plan.store';
import { OneShotFeed } from './one-shot-feed';
import { OperatorStore } from './operator.store';

const SHARED = [
  RevocationStore,
  RevocationMirror,
  RevocationFeed,
  SessionStore,
  RefreshLedgerStore,
  TicketStore,
  IssuancePolicy,
  LoginRevoker,
  ModeCapabilities,
  RateLimitStore,
];

/** The composition root of commands: the service without HTTP, without tokens to issue and without timers. */
@Global()
@Module({})
export class OperatorModule {
  static forRoot(config: Config, logger: Logger, further: Type[] = []): DynamicModule {
    return {
      module: OperatorModule,
      imports: [
        CommonModule.forRoot(logger),
        SettingsModule.forRoot(config),
        DatabaseModule.forRoot(config),
        RedisModule.forRoot(config),
        KeysModule.forRoot(config),
        MailModule,
        TenancyModule,
        AuditModule.forRoot({ kind: 'operator' }),
        ProtectionModule,
        IdentityModule,
        ...further,
      ],
      providers: [
        RevocationStore,
        RevocationMirror,
        REVOCATION_PUSH,
        OneShotFeed,
        { provide: RevocationFeed, useExisting: OneShotFeed },
        { provide: SessionStore, useClass: PostgresSessionStore },
        RefreshLedgerStore,
        TicketStore,
        { provide: IssuancePolicy, useFactory: issuancePolicyOf, inject: [CONFIG] },
        LoginRevoker,
        ModeCapabilities,
        RateLimitStore,
        OperatorStore,
        ModePlanStore,
      ],
      exports: SHARED,
    };
  }
}
