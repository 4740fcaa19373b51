import { isIP } from 'node:net';

/** True for the host of a URL that is this very machine. */
export function isLoopback(host: string): boolean {
  return /(^|\.)localhost$/.test(host) || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}
