import type { GuardedRequest } from '@latchkey/nest';
import type { Departure } from './authorization-requests';

export interface HttpRequest extends GuardedRequest {
  readonly hostname?: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: GuardedRequest['headers'] & { readonly cookie?: string; readonly 'sec-fetch-site'?: string };
}

export interface HttpReply {
  header(name: string, value: string | string[]): HttpReply;
  redirect(location: string, status: number): unknown;
}

export function depart(reply: HttpReply, { location, cookies }: Departure): void {
  if (cookies.length > 0) reply.header('set-cookie', [...cookies]);
  reply.redirect(location, 302);
}

export function queryOf({ url }: HttpRequest): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at);
}
