import { Module } from '@nestjs/common';
import { IdentityModule } from '../../identity/identity.module';
import { ProtectionModule } from '../../protection/protection.module';
import { SignInModule } from '../../sign-in/sign-in.module';
import { TenancyModule } from '../../tenancy/tenancy.module';
import { FederationModule } from '../federation.module';
import { AuthorizationRequests } from './authorization-requests';
import { BackchannelLogout, LogoutSubjects } from './backchannel-logout';
import { CodeExchange } from './code-exchange';
import { IdentityLinking } from './identity-linking';
import { LoginAttempts } from './login-attempts';
import { LogoutTokens } from './logout-token';
import { OidcCallback } from './oidc-callback';
import { OidcLogins } from './oidc-logins.service';
import { OidcLogoutController } from './oidc-logout.controller';
import { OidcController } from './oidc.controller';
import { ProviderLogout } from './provider-logout';
import { ProviderMemory } from './provider-memory';
import { ProviderSignIn } from './provider-sign-in';
import { ProviderTokens } from './provider-tokens';

/** `/auth/oidc`: signing in with OpenID Connect, and with GitHub. */
@Module({
  imports: [FederationModule, IdentityModule, ProtectionModule, SignInModule, TenancyModule],
  controllers: [OidcController, OidcLogoutController],
  providers: [
    AuthorizationRequests,
    BackchannelLogout,
    CodeExchange,
    IdentityLinking,
    LoginAttempts,
    LogoutSubjects,
    LogoutTokens,
    OidcCallback,
    OidcLogins,
    ProviderLogout,
    ProviderMemory,
    ProviderSignIn,
    ProviderTokens,
  ],
  exports: [ProviderTokens],
})
export class OidcModule {}
