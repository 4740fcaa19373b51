import { isJsonObject, type JsonObject } from '../http/bounded-fetch';
import type { Revocation, RevocationReason, RevocationTarget } from '../revocation/revocation';

/** One answer of the feed. */
export interface FeedPage {
  readonly revocations: readonly Revocation[];
  /** Where to go on from. */
  readonly cursor: string;
  /** False: there is more, ask again at once. */
  readonly complete: boolean;
}

/**
 * Reads a page off the wire. One entry that cannot be understood spoils the page: skipping it would keep a login alive
 * that someone ended.
 * @throws Error
 */
export function feedPageOf(value: unknown): FeedPage {
  if (!isJsonObject(value) || !Array.isArray(value['revocations'])) throw malformed('revocations');
  const { cursor, complete } = value;
  if (typeof cursor !== 'string' || cursor === '') throw malformed('cursor');
  if (typeof complete !== 'boolean') throw malformed('complete');
  return { revocations: value['revocations'].map(revocationOf), cursor, complete };
}

function revocationOf(entry: unknown): Revocation {
  if (!isJsonObject(entry)) throw malformed('entry');
  const target = targetOf(entry);
  const generation = entry['generation'] ?? null;
  const accessExpiresAt = Date.parse(text(entry, 'expires_at'));
  if (target.kind === 'session' ? generation !== null : !Number.isSafeInteger(generation))
    throw malformed('generation');
  if (Number.isNaN(accessExpiresAt)) throw malformed('expires_at');
  return {
    target,
    generation: generation as number | null,
    endsLogin: entry['ends_login'] !== false,
    reason: text(entry, 'reason') as RevocationReason,
    accessExpiresAt,
  };
}

function targetOf(entry: JsonObject): RevocationTarget {
  const kind = entry['kind'];
  switch (kind) {
    case 'session':
      return {
        kind,
        tenantId: text(entry, 'tenant_id'),
        userId: text(entry, 'user_id'),
        sessionId: text(entry, 'sid'),
      };
    case 'user': {
      const exceptSessionId = (entry['except_sid'] ?? undefined) as string | undefined;
      return { kind, tenantId: text(entry, 'tenant_id'), userId: text(entry, 'user_id'), exceptSessionId };
    }
    case 'tenant':
      return { kind, tenantId: text(entry, 'tenant_id') };
    case 'global':
      return { kind };
    default:
      throw malformed('kind');
  }
}

function text(entry: JsonObject, name: string): string {
  const value = entry[name];
  if (typeof value !== 'string' || value === '') throw malformed(name);
  return value;
}

function malformed(what: string): Error {
  return new Error(`The revocation feed answered something else: ${what}`);
}
