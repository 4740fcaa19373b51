import type { IncomingMessage } from 'node:http';

/** How sockets are let in, and what one client may cost. */
export interface SocketOptions {
  /** Exact origins of pages that may connect, beside the origin that the request itself was sent to. Default: none. */
  readonly origins?: readonly string[];
  /** Cookie that may hold an access token. Default: cookies are not looked at. */
  readonly cookieName?: string;
  /** Takes an access token from `?access_token=`, where proxies and histories keep it. Default: false. */
  readonly queryToken?: boolean;
  /** Largest message, in bytes. Default: 65536. */
  readonly maxPayload?: number;
  /** Messages that a client may send each second on average, ten times as many at once. Default: 50. */
  readonly messagesPerSecond?: number;
  /** Prepares a handshake before anything looks at it, as by dropping headers that clients must not set. */
  readonly prepare?: (request: IncomingMessage) => void;
  /** The caller's address where proxies stand before the application. Default: that of the connection. */
  readonly addressOf?: (request: IncomingMessage) => string | undefined;
}

export const SOCKET_OPTIONS = Symbol('SOCKET_OPTIONS');

export const MAX_PAYLOAD = 64 * 1024;
export const MESSAGES_PER_SECOND = 50;
