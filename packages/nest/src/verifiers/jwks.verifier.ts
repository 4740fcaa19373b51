import { latchkeyFacts } from '../claims/token-facts';
import type { RevocationFeedClient } from '../feed/revocation-feed.client';
import { serviceUrl } from '../http/service-url';
import { DiscoveredIssuer } from '../jwks/discovered-issuer';
import { RemoteKeySet } from '../jwks/remote-key-set';
import type { VerifierParts, VerifierRecipe } from '../verifier-recipe';
import { chosenFeed, DEFAULT_TIMEOUT } from './common-options';
import { trustedExternal } from './external-issuer';
import { keySettings, type JwksOptions } from './jwks-options';
import { SignedTokenVerifier } from './signed-token.verifier';
import type { TrustedIssuer } from './trusted-issuer';

/** Proves JWTs with the published keys of the service, and of other issuers. */
export class JwksVerifier extends SignedTokenVerifier {
  protected readonly issuers: readonly TrustedIssuer[];

  /** @throws Error when something cannot be meant. */
  constructor(options: JwksOptions, parts: VerifierParts, feed: RevocationFeedClient | null) {
    super(options, parts, feed);
    const withdrawal = { parts, onWithdrawal: () => this.forgetProofs() };
    const external = (options.issuers ?? []).map((one) => trustedExternal(one, options, withdrawal));
    const own = options.url === undefined ? [] : [trustedService(options.url, options, withdrawal)];
    this.issuers = [...own, ...external];
    const names = this.issuers.map(({ issuer }) => issuer);
    if (names.length === 0) throw new Error('jwks needs the url of the service, or issuers');
    if (new Set(names).size < names.length) throw new Error('Two issuers have one name');
  }
}

/**
 * Verifies JWTs alone, with the keys that the service publishes: no request to it for a token.
 * A login that was ended is served until its token expires, unless the `feed` is followed.
 */
export function jwks(options: JwksOptions): VerifierRecipe {
  return (parts) => new JwksVerifier(options, parts, chosenFeed(options, parts));
}

type Withdrawal = Parameters<typeof trustedExternal>[2];

function trustedService(address: string, options: JwksOptions, { parts, onWithdrawal }: Withdrawal): TrustedIssuer {
  const { audience, leeway = 5_000, timeout = DEFAULT_TIMEOUT } = options;
  if (!audience) throw new Error('audience must be that of the service (auth.jwt.audience)');
  const url = serviceUrl('url', address, options);
  const settings = { ...keySettings(options), jwksUri: `${url}/.well-known/jwks.json`, issuer: options.issuer ?? url };
  const keys = new RemoteKeySet(settings, parts, onWithdrawal);
  const named = options.issuer === undefined ? new DiscoveredIssuer(url, timeout) : { issuer: options.issuer };
  return {
    get issuer() {
      return named.issuer;
    },
    ...(named instanceof DiscoveredIssuer && { discover: () => named.discover() }),
    audience,
    types: ['at+jwt'],
    spelling: 'own',
    leeway,
    keys,
    factsOf: latchkeyFacts,
  };
}
