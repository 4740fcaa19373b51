import type { Settings } from './config.schema';
import type { Finding, Rule } from './finding';
import { isLoopback } from './loopback';

type Provider = Settings['federation']['saml'][string];

/** What must hold between the keys of a provider of SAML. */
export const samlRules: readonly Rule[] = [
  ({ federation }, environment) =>
    Object.entries(federation.saml).flatMap(([name, provider]) => {
      const key = `federation.saml.${name}`;
      return [
        sourceIsOne(provider, key),
        somethingIsSigned(provider, key),
        requestsHaveTheirKey(provider, key),
        addressIsSafe(provider.metadata_url, `${key}.metadata_url`, environment) || metadataMayBeHere(provider, key),
        addressIsSafe(provider.idp.sso_url, `${key}.idp.sso_url`, environment),
        addressIsSafe(provider.idp.slo_url, `${key}.idp.slo_url`, environment),
      ];
    }),
];

function sourceIsOne({ metadata_url: url, metadata_file: file, idp }: Provider, key: string): Finding | false {
  const byHand = idp.entity_id !== undefined && idp.sso_url !== undefined && idp.certificates.length > 0;
  const sources = [url !== undefined, file !== undefined, byHand].filter(Boolean).length;
  const message = 'write one of metadata_url, metadata_file, or idp with entity_id, sso_url and certificates';
  return sources !== 1 && { key, message };
}

function somethingIsSigned(
  { want_assertions_signed: assertions, want_response_signed: response }: Provider,
  key: string,
): Finding | false {
  const message = 'is false, and so is want_response_signed: one of them must be true';
  return !assertions && !response && { key: `${key}.want_assertions_signed`, message };
}

function requestsHaveTheirKey({ sign_requests: signs, private_key: own, certificate }: Provider, key: string) {
  const missing = signs && (own === undefined || certificate === undefined);
  return missing && { key: `${key}.sign_requests`, message: 'needs private_key and certificate' };
}

function metadataMayBeHere({ metadata_url: url, allow_private_network: allowed }: Provider, key: string) {
  const here = url !== undefined && url.startsWith('http:') && !allowed;
  const message = 'is plain http: that needs allow_private_network: true too';
  return here && { key: `${key}.metadata_url`, reads: [`${key}.allow_private_network`], message };
}

function addressIsSafe(url: string | undefined, key: string, environment: string): Finding | false {
  if (url === undefined || url.startsWith('https:')) return false;
  const here = environment !== 'production' && isLoopback(new URL(url).hostname);
  return !here && { key, message: 'is plain http: use https; outside production a loopback address will do' };
}
