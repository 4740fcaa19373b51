import { mappedFacts, type FactsReader, type ForeignClaims } from '../claims/claim-mapping';
import { refused } from '../claims/token-facts';
import { serviceUrl } from '../http/service-url';
import { RemoteKeySet } from '../jwks/remote-key-set';
import type { VerifierParts } from '../verifier-recipe';
import type { ExternalIssuer } from './external-issuer-options';
import { keySettings, type KeySetOptions } from './jwks-options';
import type { TrustedIssuer } from './trusted-issuer';

/** @throws Error when something cannot be meant. */
export function trustedExternal(
  external: ExternalIssuer,
  options: KeySetOptions,
  { parts, onWithdrawal }: { readonly parts: VerifierParts; readonly onWithdrawal: () => void },
): TrustedIssuer {
  const { issuer, audience, typ = ['at+jwt', 'JWT'], requiredClaims } = external;
  if (!issuer || !audience) throw new Error('An external issuer needs issuer and audience');
  const jwksUri = serviceUrl('jwksUri', external.jwksUri, options);
  const settings = { ...keySettings(options, external.algorithms), jwksUri, issuer };
  return {
    issuer,
    audience,
    types: typ,
    spelling: 'foreign',
    // Without an end a token could be served for ever.
    required: [...new Set(['exp', ...(requiredClaims ?? ['sub', 'iat'])])],
    leeway: options.leeway ?? 5_000,
    keys: new RemoteKeySet(settings, parts, onWithdrawal),
    factsOf: externalTokenFacts(external),
  };
}

/** Reads the claims of access tokens of another issuer, once they are verified. @throws Error when a path cannot be read. */
export function externalTokenFacts(mapping: ForeignClaims): FactsReader {
  return accessTokensAlone(mappedFacts(mapping));
}

/** Claims that only ID tokens (OpenID Connect Core, 3.1.3.6 and 3.3.2.11) and logout tokens have. */
const OF_OTHER_KINDS = ['at_hash', 'c_hash', 'events'];
/** What Keycloak writes into the claim `typ` of all but its access tokens. */
const OTHER_KINDS: readonly unknown[] = ['ID', 'Logout', 'Refresh', 'Offline'];

/**
 * Many issuers give all of their tokens the header `typ: JWT`, and an ID token goes to whoever asked for the login: it
 * must not open an API.
 */
function accessTokensAlone(read: FactsReader): FactsReader {
  return (claims, mode) => {
    const other = OF_OTHER_KINDS.some((name) => name in claims) || OTHER_KINDS.includes(claims['typ']);
    if (other) throw refused('kind');
    return read(claims, mode);
  };
}
