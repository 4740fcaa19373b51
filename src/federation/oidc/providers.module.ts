import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Config } from '../../config/config';
import { ProviderLoginGuard } from '../../sign-in/provider-login.guard';
import { ProviderLogins } from '../../sign-in/provider-logins';
import { TenancyModule } from '../../tenancy/tenancy.module';
import { CodeRedemption } from './code-redemption';
import { PassThroughLogins } from './pass-through-logins';
import { PassThroughTokens } from './pass-through-tokens';
import { PassThroughVerifier } from './pass-through.verifier';
import { ProviderKeys } from './provider-keys';
import { ProviderRegistry } from './provider-registry';

const SHARED = [
  CodeRedemption,
  PassThroughLogins,
  PassThroughTokens,
  PassThroughVerifier,
  ProviderKeys,
  ProviderRegistry,
];

/** The configured providers, and the logins whose tokens are a provider's own. Imported behind the guard that proves tokens. */
@Module({})
export class ProvidersModule {
  static forRoot({ federation }: Config): DynamicModule {
    const passedThrough = Object.values(federation.oidc).some(({ passThrough }) => passThrough);
    return {
      module: ProvidersModule,
      global: true,
      imports: [TenancyModule],
      providers: [
        ...SHARED,
        { provide: ProviderLogins, useExisting: PassThroughLogins },
        ...(passedThrough ? [{ provide: APP_GUARD, useClass: ProviderLoginGuard }] : []),
      ],
      exports: [...SHARED, ProviderLogins],
    };
  }
}
