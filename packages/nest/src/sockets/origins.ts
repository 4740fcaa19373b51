import type { IncomingHttpHeaders } from 'node:http';

/** What a handshake says of the page that it comes from. */
export type OriginVerdict = 'allowed' | 'foreign' | 'absent';

/**
 * Compares the page's origin with the list and with where the request was sent to. Browsers always name the origin of a
 * WebSocket; for requests to the very origin of the page they may leave it out and say so in `Sec-Fetch-Site`.
 */
export function judgeOrigin(
  headers: IncomingHttpHeaders,
  listed: readonly string[],
  encrypted: boolean,
): OriginVerdict {
  const { origin } = headers;
  if (origin === undefined) return headers['sec-fetch-site'] === 'same-origin' ? 'allowed' : 'absent';
  return listed.includes(origin) || isOwnOrigin(origin, headers, encrypted) ? 'allowed' : 'foreign';
}

function isOwnOrigin(origin: string, headers: IncomingHttpHeaders, encrypted: boolean): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host } = new URL(origin);
  if (host === '' || host !== headers.host) return false;
  // A page in plain HTTP may be anybody's: whoever sits in the network writes it.
  return protocol === 'https:' || (protocol === 'http:' && !encrypted && headers['x-forwarded-proto'] !== 'https');
}
