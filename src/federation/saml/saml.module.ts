import { Module } from '@nestjs/common';
import { IdentityModule } from '../../identity/identity.module';
import { ProtectionModule } from '../../protection/protection.module';
import { SignInModule } from '../../sign-in/sign-in.module';
import { TenancyModule } from '../../tenancy/tenancy.module';
import { FederationModule } from '../federation.module';
import { SamlAttempts } from './saml-attempts';
import { SamlCallback } from './saml-callback';
import { SamlController } from './saml.controller';
import { SamlCodes } from './saml-codes';
import { SamlDepartures } from './saml-departures';
import { SamlExchange } from './saml-exchange';
import { SamlErrands } from './saml-errands';
import { SamlLogins } from './saml-logins.service';
import { SamlLogoutController } from './saml-logout.controller';
import { SamlLogout } from './saml-logout.service';
import { SamlProof } from './saml-proof';
import { SamlProviders } from './saml-providers';
import { SamlRefusals } from './saml-refusals';
import { SamlSignIn } from './saml-sign-in';

/** `/auth/saml`: signing in with SAML 2.0. */
@Module({
  imports: [FederationModule, IdentityModule, ProtectionModule, SignInModule, TenancyModule],
  controllers: [SamlController, SamlLogoutController],
  providers: [
    SamlAttempts,
    SamlCallback,
    SamlCodes,
    SamlDepartures,
    SamlExchange,
    SamlErrands,
    SamlLogins,
    SamlLogout,
    SamlProof,
    SamlProviders,
    SamlRefusals,
    SamlSignIn,
  ],
})
export class SamlModule {}
