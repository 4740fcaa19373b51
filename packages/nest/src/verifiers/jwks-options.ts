import type { FeedOptions } from '../feed/feed-options';
import type { ClientCredentials } from '../http/client-credentials';
import type { Transport } from '../http/service-url';
import type { RemoteKeySettings } from '../jwks/remote-key-set';
import type { JwtAlgorithm } from '../jwt/jwt-key';
import { DEFAULT_TIMEOUT, type OnUnreachable } from './common-options';
import type { ExternalIssuer } from './external-issuer-options';

const HOUR = 3_600_000;
const ASYMMETRIC: readonly JwtAlgorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** How keys are read and kept. Milliseconds. */
export interface KeySetOptions extends Transport {
  /** Algorithms that are taken at all; each key is used with one of them. Default RS256, PS256, ES256 and EdDSA. */
  readonly algorithms?: readonly JwtAlgorithm[];
  /** Keys are read again after this time. Default one hour. */
  readonly keysCachedFor?: number;
  /** A token with a key that is not known makes the keys be read again at most so often. Default one minute. */
  readonly unknownKeyInterval?: number;
  /** Known keys are used so long while the issuer cannot be reached. Default 24 hours. */
  readonly maxKeyStaleness?: number;
  /** Difference between clocks that is forgiven. Default 5000, at most 60 000. */
  readonly leeway?: number;
  /** Tokens remembered at most. Default 100 000; 0 verifies every time. */
  readonly maxEntries?: number;
  readonly onUnreachable?: OnUnreachable;
}

export interface JwksOptions extends KeySetOptions {
  /** Of the service, such as `https://auth.example.com`. Left out when only external issuers are taken. */
  readonly url?: string;
  /** `iss` of its tokens (`auth.jwt.issuer`). Default: as its metadata at `url` say. */
  readonly issuer?: string;
  /** `aud` that its tokens must have (`auth.jwt.audience`). */
  readonly audience?: string;
  /** Proves this application to the service; needed by the feed. */
  readonly client?: ClientCredentials;
  /** Follow the revocation feed of the service, so that a login that was ended is refused at once. */
  readonly feed?: boolean | FeedOptions;
  /** Other issuers, each with its own keys, audience and claims. */
  readonly issuers?: readonly ExternalIssuer[];
}

/** @throws Error when something cannot be meant. */
export function keySettings(
  options: KeySetOptions,
  algorithms: readonly JwtAlgorithm[] = options.algorithms ?? ASYMMETRIC,
): Omit<RemoteKeySettings, 'jwksUri' | 'issuer'> {
  if (algorithms.length === 0) throw new Error('algorithms must name at least one');
  const symmetric = algorithms.filter((algorithm) => !ASYMMETRIC.includes(algorithm));
  if (symmetric.length > 0) throw new Error(`${symmetric.join(', ')} cannot be used with published keys`);
  if ((options.leeway ?? 0) > 60_000) throw new Error('leeway must be at most 60000 milliseconds');
  return {
    algorithms,
    cacheFor: options.keysCachedFor ?? HOUR,
    unknownKeyInterval: options.unknownKeyInterval ?? 60_000,
    maxStaleness: options.maxKeyStaleness ?? 24 * HOUR,
    timeout: options.timeout ?? DEFAULT_TIMEOUT,
  };
}
