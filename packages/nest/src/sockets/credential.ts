import type { IncomingMessage } from 'node:http';
import { AuthError } from '../auth-error';
import { MAX_TOKEN_LENGTH, presentedToken } from '../presented-token';

/** What a client may say beside the HTTP request: Socket.IO's `auth` payload. */
export interface HandshakePayload {
  readonly token?: unknown;
  readonly ticket?: unknown;
}

export interface Credential {
  readonly kind: 'token' | 'ticket';
  readonly value: string;
  /** False for what no foreign page can make a browser send. */
  readonly needsOrigin: boolean;
}

export interface CredentialSources {
  readonly cookieName?: string;
  readonly queryToken?: boolean;
}

/** Parameters of the URL that hold secrets, whether they are looked at or not. */
const SECRET_PARAMETERS = ['ticket', 'access_token'];

/**
 * The first of: `Authorization` header, payload, cookie, ticket in the URL, token in the URL where that is allowed; null
 * when the client presents nothing.
 * @throws AuthError `invalid_token` for what is presented and malformed.
 */
export function presentedCredential(
  request: IncomingMessage,
  sources: CredentialSources,
  payload: HandshakePayload = {},
): Credential | null {
  const header = presentedToken(request.headers.authorization);
  if (header !== null) return { kind: 'token', value: header, needsOrigin: false };
  if (payload.token !== undefined) return { kind: 'token', value: textOf(payload.token), needsOrigin: false };
  if (payload.ticket !== undefined) return { kind: 'ticket', value: textOf(payload.ticket), needsOrigin: true };
  const cookie = sources.cookieName === undefined ? undefined : cookieOf(request, sources.cookieName);
  if (cookie !== undefined) return { kind: 'token', value: textOf(cookie), needsOrigin: true };
  return fromQuery(request, sources.queryToken === true);
}

/** Takes the secrets out of the URL, so that whoever logs it later logs none. */
export function hideSecrets(url: string | undefined): string {
  const [path = '', query = ''] = (url ?? '').split('?', 2);
  const parameters = new URLSearchParams(query);
  if (!SECRET_PARAMETERS.some((name) => parameters.has(name))) return url ?? '';
  for (const name of SECRET_PARAMETERS) parameters.delete(name);
  return parameters.size > 0 ? `${path}?${parameters.toString()}` : path;
}

function fromQuery(request: IncomingMessage, queryToken: boolean): Credential | null {
  const parameters = new URLSearchParams((request.url ?? '').split('?', 2)[1]);
  const [ticket, ...tickets] = parameters.getAll('ticket');
  const [token, ...tokens] = queryToken ? parameters.getAll('access_token') : [];
  if (tickets.length > 0 || tokens.length > 0) throw malformed();
  if (ticket !== undefined) return { kind: 'ticket', value: textOf(ticket), needsOrigin: true };
  return token === undefined ? null : { kind: 'token', value: textOf(token), needsOrigin: true };
}

function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

function textOf(value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > MAX_TOKEN_LENGTH) throw malformed();
  return value;
}

function malformed(): AuthError {
  return new AuthError('invalid_token', 'The access token is malformed');
}
