import { Module } from '@nestjs/common';
import { IdentityModule } from '../identity/identity.module';
import { SignInModule } from '../sign-in/sign-in.module';
import { TenancyModule } from '../tenancy/tenancy.module';
import { FederatedAccounts } from './federated-accounts';
import { FederatedIdentityStore } from './federated-identity.store';
import { FederatedSignIn } from './federated-sign-in';
import { FederatedTenant } from './federated-tenant';
import { IdentitiesController } from './identities.controller';
import { IdentityLinks } from './identity-links';
import { LinkNotices } from './link-notices';
import { ProviderRoles } from './provider-roles';
import { ProviderTokenStore } from './provider-token.store';

/** Other people's identities: which account one opens, and how it becomes a login. */
@Module({
  imports: [IdentityModule, SignInModule, TenancyModule],
  controllers: [IdentitiesController],
  providers: [
    FederatedAccounts,
    FederatedIdentityStore,
    FederatedSignIn,
    FederatedTenant,
    IdentityLinks,
    LinkNotices,
    ProviderRoles,
    ProviderTokenStore,
  ],
  exports: [FederatedIdentityStore, FederatedSignIn, FederatedTenant, IdentityLinks, ProviderTokenStore],
})
export class FederationModule {}
