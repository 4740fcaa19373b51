import { AuthError, type GuardedRequest } from '@latchkey/nest';

/** Where a browser goes next, and the cookies that it takes along. */
export interface Departure {
  readonly location: string;
  readonly cookies: readonly string[];
}

export interface HttpRequest extends GuardedRequest {
  readonly hostname?: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: GuardedRequest['headers'] & { readonly cookie?: string };
  readonly body?: unknown;
}

export interface HttpReply {
  header(name: string, value: string | string[]): HttpReply;
  redirect(location: string, status: number): unknown;
}

/** 303: what was a form comes to a page. */
export function depart(reply: HttpReply, { location, cookies }: Departure): void {
  if (cookies.length > 0) reply.header('set-cookie', [...cookies]);
  reply.redirect(location, 303);
}

/** A form, or a query, in which nothing stands twice. @throws AuthError `validation_failed` */
export function parametersOf(text: string): ReadonlyMap<string, string> {
  const parameters = [...new URLSearchParams(text)];
  const map = new Map(parameters);
  if (map.size !== parameters.length) throw new AuthError('validation_failed', 'A parameter stands there twice');
  return map;
}

export function formOf({ body }: HttpRequest): ReadonlyMap<string, string> {
  return parametersOf(body instanceof Buffer ? body.toString('latin1') : '');
}

export function queryOf({ url }: HttpRequest): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}

export function withParameter(address: string, name: string, value: string): string {
  return `${address}${address.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`;
}

/** Where a browser goes when there was no login. A challenge goes behind the #, which is sent to no server. */
export function failureTarget(target: string, { code, extensions = {} }: AuthError): string {
  const bare = target.replace(/#.*$/s, '');
  if (code !== 'mfa_required') return withParameter(bare, 'error', code);
  const facts = Object.entries(extensions).map(([name, value]): [string, string] => [name, String(value)]);
  return `${bare}#${new URLSearchParams([['error', code], ...facts]).toString()}`;
}
