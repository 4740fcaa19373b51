import { createHash } from 'node:crypto';

/** What is needed of a Fastify request and reply. */
export interface ConditionalRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}
export interface CacheableReply {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/**
 * Makes an answer that may be kept for `maxAge` seconds; who has it already gets 304 and no body (RFC 9110, 13.1.2).
 * Every process of a fleet gives the same content the same ETag.
 */
export function cacheable(
  content: object,
  maxAge: number,
  request: ConditionalRequest,
  reply: CacheableReply,
): string | undefined {
  const text = JSON.stringify(content);
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  reply.header('Cache-Control', `public, max-age=${maxAge}`);
  reply.header('ETag', etag);
  reply.header('Content-Type', 'application/json; charset=utf-8');
  if (!isKept(request.headers['if-none-match'], etag)) return text;
  reply.status(304);
  return undefined;
}

function isKept(condition: string | string[] | undefined, etag: string): boolean {
  const tags = [condition ?? []].flat().flatMap((line) => line.split(','));
  return tags.map((tag) => tag.trim().replace(/^W\//, '')).some((tag) => tag === '*' || tag === etag);
}
