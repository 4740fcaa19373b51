import { mappedFacts } from '../claims/claim-mapping';
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
    factsOf: mappedFacts(external),
  };
}
