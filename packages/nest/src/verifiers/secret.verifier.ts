import { latchkeyFacts } from '../claims/token-facts';
import type { FeedOptions } from '../feed/feed-options';
import type { RevocationFeedClient } from '../feed/revocation-feed.client';
import type { ClientCredentials } from '../http/client-credentials';
import type { Transport } from '../http/service-url';
import { SecretKeys, type HmacAlgorithm } from '../jwks/secret-keys';
import type { VerifierParts, VerifierRecipe } from '../verifier-recipe';
import { chosenFeed, type OnUnreachable } from './common-options';
import { SignedTokenVerifier } from './signed-token.verifier';
import type { TrustedIssuer } from './trusted-issuer';

export interface SecretOptions extends Transport {
  /** The service's `auth.jwt.secret`; several while it is changed. At least as many bytes as the hash has: 32, 48 or 64. */
  readonly secret: string | Buffer | readonly (string | Buffer)[];
  /** Default HS256. */
  readonly algorithm?: HmacAlgorithm;
  /** `auth.jwt.issuer` of the service. */
  readonly issuer: string;
  /** `auth.jwt.audience` of the service. */
  readonly audience: string;
  /** Difference between clocks that is forgiven. Milliseconds, default 5000. */
  readonly leeway?: number;
  /** Tokens remembered at most. Default 100 000; 0 verifies every time. */
  readonly maxEntries?: number;
  /** Of the service; needed by the feed alone, like `client`. */
  readonly url?: string;
  readonly client?: ClientCredentials;
  readonly feed?: boolean | FeedOptions;
  readonly onUnreachable?: OnUnreachable;
}

/** Proves JWTs with a secret that is shared with the service. */
export class SecretVerifier extends SignedTokenVerifier {
  protected readonly issuers: readonly TrustedIssuer[];

  /** @throws Error when a secret is too short or something else cannot be meant. */
  constructor(options: SecretOptions, parts: VerifierParts, feed: RevocationFeedClient | null) {
    super(options, parts, feed);
    const { secret, algorithm = 'HS256', issuer, audience, leeway = 5_000 } = options;
    if (!issuer || !audience) throw new Error('secret needs the issuer and the audience of the service');
    const secrets = Array.isArray(secret) ? (secret as (string | Buffer)[]) : [secret as string | Buffer];
    if (secrets.length === 0) throw new Error('secret must not be empty');
    const keys = new SecretKeys(secrets, algorithm);
    this.issuers = [{ issuer, audience, types: ['at+jwt'], spelling: 'own', leeway, keys, factsOf: latchkeyFacts }];
  }
}

/** Verifies JWTs alone, with a shared secret. Whoever knows it can also sign: prefer `jwks` between teams. */
export function secret(options: SecretOptions): VerifierRecipe {
  return (parts) => new SecretVerifier(options, parts, chosenFeed(options, parts));
}
