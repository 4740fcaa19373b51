import type { SamlProviderConfig } from '../../config/config';
import type { FederatedIdentity, FederationRules } from '../federated-identity';
import type { SamlProvider } from './saml-providers';
import type { SamlIdentity } from './saml-trust';

const ADDRESS = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';

/** What an assertion says, in the words of every other provider. */
export function federatedIdentity(provider: SamlProvider, said: SamlIdentity): FederatedIdentity {
  const { attributes, emailVerified } = provider.settings;
  const value = (name: string | undefined): string | null => (name && said.attributes.get(name)?.[0]) || null;
  const ownAddress = said.nameIdFormat === ADDRESS ? said.nameId : null;
  const { governsRole } = rulesOf(provider.settings);
  const roles = (attributes.roles && said.attributes.get(attributes.roles)) || [];
  return {
    provider: provider.name,
    // Named by us too: metadata may claim the entity id of any other provider.
    issuer: `saml:${provider.name}:${provider.trust.issuer}`,
    subject: said.nameId,
    email: attributes.email === undefined ? ownAddress : value(attributes.email),
    emailVerified,
    username: value(attributes.username),
    name: value(attributes.name),
    roles: attributes.roles && governsRole ? roles.filter(governsRole) : undefined,
  };
}

/** Null where the assertion says nothing, undefined where it is not asked. */
export function tenantSaid({ attributes }: SamlProviderConfig, said: SamlIdentity): string | null | undefined {
  return attributes.tenant === undefined ? undefined : said.attributes.get(attributes.tenant)?.[0] || null;
}

/** Roles are given by name alone. */
export function rulesOf({ registration, linkByVerifiedEmail, rolesAllowed }: SamlProviderConfig): FederationRules {
  const governsRole = rolesAllowed.length === 0 ? undefined : (role: string) => rolesAllowed.includes(role);
  return { registration, linkByVerifiedEmail, governsRole };
}
