import type { ClaimMapping } from '../claims/claim-mapping';
import { texts } from '../claims/token-facts';
import type { FeedOptions } from '../feed/feed-options';
import type { JsonObject } from '../http/bounded-fetch';
import type { ClientCredentials } from '../http/client-credentials';
import { serviceUrl, type Transport } from '../http/service-url';
import { DEFAULT_TIMEOUT, type OnUnreachable } from './common-options';

export interface IntrospectionOptions extends Transport {
  /** Of the service, such as `https://auth.example.com`. */
  readonly url?: string;
  /** The introspection endpoint of another server, instead of `url`. */
  readonly endpoint?: string;
  readonly client: ClientCredentials;
  /** Refuse tokens for other audiences. The service does so by itself for the audiences of the client. */
  readonly audience?: string | readonly string[];
  /** How long a good answer is believed, never beyond the token's expiry. Milliseconds, default 5000; 0 asks every time. */
  readonly cacheFor?: number;
  /** The same while the revocation feed is fresh. Milliseconds, default 30 000. */
  readonly cacheWithFeedFor?: number;
  /** Tokens remembered at most. Default 100 000. */
  readonly maxEntries?: number;
  /** Questions on the wire at most. Default 64. */
  readonly maxConcurrent?: number;
  /** Follow the revocation feed of the service at `url`. */
  readonly feed?: boolean | FeedOptions;
  readonly onUnreachable?: OnUnreachable;
  /** How to read the answers of another server. */
  readonly claims?: ClaimMapping;
  /** The one tenant of everyone that another server knows. */
  readonly tenant?: string;
}

export interface IntrospectionSettings {
  readonly endpoint: string;
  readonly client: ClientCredentials;
  readonly audience: readonly string[];
  readonly cacheFor: number;
  readonly cacheWithFeedFor: number;
  readonly maxEntries: number;
  readonly maxConcurrent: number;
  readonly timeout: number;
  readonly onUnreachable: OnUnreachable;
}

/** @throws Error when something cannot be meant. */
export function introspectionSettings(options: IntrospectionOptions): IntrospectionSettings {
  const { cacheFor = 5_000, maxEntries = 100_000, maxConcurrent = 64 } = options;
  return {
    endpoint: endpointOf(options),
    client: options.client,
    audience: [options.audience ?? []].flat(),
    cacheFor,
    cacheWithFeedFor: options.cacheWithFeedFor ?? (cacheFor === 0 ? 0 : Math.max(cacheFor, 30_000)),
    maxEntries: cacheFor === 0 && !options.cacheWithFeedFor ? 0 : maxEntries,
    maxConcurrent,
    timeout: options.timeout ?? DEFAULT_TIMEOUT,
    onUnreachable: options.onUnreachable ?? 'refuse',
  };
}

function endpointOf({ url, endpoint, ...transport }: IntrospectionOptions): string {
  if (endpoint !== undefined) return serviceUrl('endpoint', endpoint, transport);
  if (url === undefined) throw new Error('introspection needs the url of the service, or an endpoint');
  return `${serviceUrl('url', url, transport)}/oauth/introspect`;
}

/** `aud` as a list (RFC 7519, section 4.1.3). */
export function audienceOf({ aud }: JsonObject): readonly string[] {
  return typeof aud === 'string' ? [aud] : texts(aud);
}
