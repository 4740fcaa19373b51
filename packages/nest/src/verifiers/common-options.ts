import type { FeedOptions } from '../feed/feed-options';
import { RevocationFeedClient } from '../feed/revocation-feed.client';
import type { ClientCredentials } from '../http/client-credentials';
import { serviceUrl, type Transport } from '../http/service-url';
import type { VerifierParts } from '../verifier-recipe';

/** `refuse` (default): the application does not start while the issuer cannot be reached. `start`: it answers 503 until then. */
export type OnUnreachable = 'refuse' | 'start';

/** Milliseconds. */
export const DEFAULT_TIMEOUT = 2_000;

export interface FeedChoice extends Transport {
  readonly url?: string;
  readonly client?: ClientCredentials;
  readonly feed?: boolean | FeedOptions;
}

/** The feed that was asked for, or null. @throws Error when it cannot be followed. */
export function chosenFeed(choice: FeedChoice, parts: VerifierParts): RevocationFeedClient | null {
  const { url, client, feed = false, timeout = DEFAULT_TIMEOUT, ...transport } = choice;
  if (feed === false) return null;
  if (url === undefined || client === undefined) throw new Error('The revocation feed needs url and client');
  const policy = feed === true ? {} : feed;
  return new RevocationFeedClient({ ...policy, url: serviceUrl('url', url, transport), client, timeout }, parts);
}
