import { isIP } from 'node:net';

/** Settings that decide which addresses may be spoken to. */
export interface Transport {
  /** Speak plain http to machines other than this one. Keys and tokens then travel unprotected. Default false. */
  readonly allowHttp?: boolean;
  /** Each call is given up after this time. Milliseconds, default 2000. */
  readonly timeout?: number;
}

/**
 * A configured address, without a trailing slash.
 * @throws Error when it is no absolute http(s) URL, carries credentials, a query or a fragment, or is plain http to another machine.
 */
export function serviceUrl(name: string, value: string, { allowHttp = false }: Transport): string {
  const url = parsed(name, value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error(`${name} must be an http(s) URL`);
  if (url.username || url.password) throw new Error(`${name} must not carry credentials: use client`);
  if (url.search || url.hash) throw new Error(`${name} must not have a query or a fragment`);
  if (url.protocol === 'http:' && !allowHttp && !isLoopback(url.hostname)) {
    throw new Error(`${name} must be https (or set allowHttp): ${url.origin} is another machine`);
  }
  return url.href.replace(/\/+$/, '');
}

function parsed(name: string, value: string): URL {
  try {
    return new URL(value);
  } catch {
    throw new Error(`${name} must be an absolute URL`);
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}
