import type { Settings } from './config.schema';
import type { Finding, Rule } from './finding';
import { isLoopback } from './loopback';

type Provider = Settings['federation']['oidc'][string];
type ProviderRule = (provider: Provider, key: string, environment: string) => Finding | false;

/** Issuers that stand for every directory: whoever runs a directory of their own would be believed. */
const ANY_DIRECTORY = /^https:\/\/login\.microsoftonline\.com\/(common|organizations|consumers)(\/|$)/;

const PROVIDER_RULES: readonly ProviderRule[] = [
  issuerIsKnown,
  clientIsNamed,
  issuerIsOne,
  issuerIsSafe,
  identitiesCanBeProven,
  githubKnowsNoTenants,
  passThroughHasTokensToPass,
  passThroughKeepsNothing,
];

/** What must hold between the keys of a provider. */
export const federationRules: readonly Rule[] = [
  ({ federation }) => passedThroughOnce(Object.entries(federation.oidc)),
  ({ federation }, environment) =>
    Object.entries(federation.oidc).flatMap(([name, provider]) =>
      PROVIDER_RULES.map((rule) => rule(provider, `federation.oidc.${name}`, environment)),
    ),
];

function issuerIsKnown({ type, issuer }: Provider, key: string) {
  const known = issuer !== undefined || type === 'google' || type === 'github';
  return (
    !known && { key: `${key}.issuer`, message: `is required for ${type}: write what the provider's metadata says` }
  );
}

function clientIsNamed({ client_id: clientId }: Provider, key: string) {
  return clientId === undefined && { key: `${key}.client_id`, message: 'is required: the provider gives it to you' };
}

function issuerIsOne({ issuer = '' }: Provider, key: string) {
  const message = 'stands for every directory there is: write the id of yours in its place';
  return ANY_DIRECTORY.test(issuer) && { key: `${key}.issuer`, message };
}

function issuerIsSafe(
  { issuer = 'https:', allow_private_network: allowed }: Provider,
  key: string,
  environment: string,
) {
  if (issuer.startsWith('https:')) return false;
  const here = allowed && environment !== 'production' && isLoopback(new URL(issuer).hostname);
  const message =
    'is plain http: use https; for development a loopback address and allow_private_network: true will do';
  return !here && { key: `${key}.issuer`, reads: [`${key}.allow_private_network`], message };
}

function identitiesCanBeProven({ type, scopes }: Provider, key: string) {
  const missing = type !== 'github' && scopes !== undefined && !scopes.includes('openid');
  return missing && { key: `${key}.scopes`, message: 'must include openid: there is no ID token without it' };
}

function githubKnowsNoTenants({ type, claims }: Provider, key: string) {
  const message = 'cannot be read: github has no ID tokens; write tenant, or leave both out';
  return type === 'github' && claims.tenant !== undefined && { key: `${key}.claims.tenant`, message };
}

function passThroughHasTokensToPass({ type, pass_through: passThrough, claims, tenant }: Provider, key: string) {
  if (!passThrough) return false;
  if (type === 'google' || type === 'github') {
    return { key: `${key}.pass_through`, message: `cannot be true: the access tokens of ${type} are not JWTs` };
  }
  const named = type === 'keycloak' || claims.tenant !== undefined || tenant !== undefined;
  const message = 'or tenant is required with pass_through: every request belongs to a tenant';
  return !named && { key: `${key}.claims.tenant`, reads: [`${key}.pass_through`, `${key}.tenant`], message };
}

function passThroughKeepsNothing(provider: Provider, key: string) {
  const { pass_through: passThrough, store_tokens: stored, registration, link_by_verified_email: linked } = provider;
  if (!passThrough || !(stored || linked || registration === 'open' || provider.redirect_uris.length > 0)) return false;
  const message =
    'does not go with store_tokens, registration: open, link_by_verified_email and redirect_uris: there are no accounts and no tokens of this service';
  return { key: `${key}.pass_through`, message };
}

/** A token says whose it is by its issuer alone. */
function passedThroughOnce(providers: readonly (readonly [string, Provider])[]): Finding[] {
  const seen = new Set<string | undefined>();
  return providers.flatMap(([name, { pass_through: passThrough, issuer }]) => {
    if (!passThrough) return [];
    const twice = seen.has(issuer);
    seen.add(issuer);
    const message = 'is true for two providers of one issuer: whose a token is could not be told';
    return twice ? [{ key: `federation.oidc.${name}.pass_through`, message }] : [];
  });
}
