import * as client from 'openid-client';
import type { OidcProvider } from './oidc-provider';
import { addressPolicy, providerFetch } from '../provider-fetch';

/** A provider whose metadata is known. */
export interface ConnectedProvider {
  readonly provider: OidcProvider;
  /** For the functions of `openid-client`. */
  readonly configuration: client.Configuration;
  readonly fetch: client.CustomFetch;
}

/** Seconds, for each answer. */
const TIMEOUT = 5;

/** Asks for the metadata. @throws Error when there are none, or they are of another issuer. */
export async function connectProvider(provider: OidcProvider, environment: string): Promise<ConnectedProvider> {
  const policy = addressPolicy(provider.settings.allowPrivateNetwork, environment);
  const fetch = providerFetch(policy);
  const metadata = provider.settings.type === 'github' ? githubMetadata(provider) : await discover(provider, fetch);
  const configuration = new client.Configuration(metadata, provider.clientId, {}, authenticationOf(provider));
  configuration.timeout = TIMEOUT;
  configuration[client.customFetch] = fetch;
  if (policy.allowHttp) client.allowInsecureRequests(configuration);
  // Without this the signatures of ID tokens that come straight from the provider are not looked at.
  client.enableNonRepudiationChecks(configuration);
  return { provider, configuration, fetch };
}

async function discover(provider: OidcProvider, fetch: client.CustomFetch): Promise<client.ServerMetadata> {
  const { issuer, clientId, settings } = provider;
  const found = await client.discovery(new URL(issuer), clientId, undefined, client.None(), {
    [client.customFetch]: fetch,
    timeout: TIMEOUT,
    // Which addresses may be plain http is decided by `fetch`.
    execute: [client.allowInsecureRequests],
  });
  const { supportsPKCE: _, ...metadata } = found.serverMetadata();
  if (metadata.issuer !== issuer) throw new Error(`The metadata are of another issuer than ${issuer}`);
  // The algorithms are ours to choose: a provider that suddenly offers another one is not followed.
  return { ...metadata, id_token_signing_alg_values_supported: [...settings.algorithms] };
}

/** OAuth 2.0 alone: no ID tokens, no metadata. */
function githubMetadata({ issuer }: OidcProvider): client.ServerMetadata {
  return {
    issuer,
    authorization_endpoint: `${issuer}/login/oauth/authorize`,
    token_endpoint: `${issuer}/login/oauth/access_token`,
  };
}

function authenticationOf({ settings: { clientSecret, tokenAuth } }: OidcProvider): client.ClientAuth {
  if (clientSecret === undefined) return client.None();
  return tokenAuth === 'post' ? client.ClientSecretPost(clientSecret) : client.ClientSecretBasic(clientSecret);
}
