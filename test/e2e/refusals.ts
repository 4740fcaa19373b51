import { AUTH_ERROR_STATUS } from '@latchkey/nest';
import type { Answer, Problem } from '../support/http-client';
import type { Service } from './service';

const INTERNALS = /node_modules|\bat .+:\d+:\d+|\b(SELECT|INSERT|UPDATE) |fastify|FST_|ECONN|typeorm|postgres/i;

/** One of the client's own mistakes, answered as a problem document that says nothing of the inside. */
export function expectRefusal(answer: Answer<unknown>, ...statuses: number[]): void {
  const { status, headers, text } = answer;
  const { code, request_id: id, ...problem } = (answer.body ?? {}) as Partial<Problem>;
  const seen = { status, type: headers.get('content-type'), code, text };
  expect(seen).toMatchObject({ type: 'application/problem+json; charset=utf-8', code: expect.any(String) });
  expect(Object.keys(AUTH_ERROR_STATUS)).toContain(code);
  expect(problem.status).toBe(status);
  expect(id).toBe(headers.get('x-request-id'));
  expect(text).not.toMatch(INTERNALS);
  if (statuses.length > 0) expect(statuses).toContain(status);
  else expect([status >= 400 && status < 500, status]).toEqual([true, status]);
}

/** A route that takes a body, and a body that it takes. */
export interface Endpoint {
  readonly route: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly guarded: boolean;
}

const EMAIL = 'somebody@example.com';
const PASSWORD = 'correct horse battery staple';

export const ENDPOINTS: readonly Endpoint[] = [
  {
    route: 'POST /auth/register',
    body: { email: EMAIL, username: 'somebody', name: 'Some Body', password: PASSWORD, tenant_id: undefined },
    guarded: false,
  },
  {
    route: 'POST /auth/login',
    body: { email: EMAIL, password: PASSWORD, tenant_id: undefined, mfa_code: '123456', remember: true },
    guarded: false,
  },
  { route: 'POST /auth/refresh', body: { refresh_token: 'lk_rt_made_up' }, guarded: false },
  { route: 'POST /auth/logout', body: {}, guarded: true },
];

/** Sends to an endpoint; a guarded one gets a token that is good. */
export class Sender {
  private token?: string;

  constructor(private readonly service: Service) {}

  async send(route: string, raw: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer<Problem>> {
    const [method, path] = route.split(' ') as [string, string];
    const guarded = !/register|login|refresh/.test(path);
    this.token ??= (await this.service.signedIn()).grant.access_token;
    return this.service.http.send(method, path, { raw, headers, token: guarded ? this.token : undefined });
  }
}
