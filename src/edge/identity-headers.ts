import type { IncomingHttpHeaders } from 'node:http';

/** Claims about the caller that only the service itself may make. */
const IDENTITY_HEADERS = ['x-user-id', 'x-user-email', 'x-user-roles', 'x-tenant-id', 'x-session-id'];

/** Drops what a client says of itself. */
export function dropIdentityHeaders(headers: IncomingHttpHeaders): void {
  for (const name of IDENTITY_HEADERS) if (headers[name] !== undefined) delete headers[name];
}
