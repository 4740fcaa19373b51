import { Agent, request, type IncomingMessage } from 'node:http';

const ANSWER_WITHIN = 15_000;

/** Who signs in. */
export interface Person {
  readonly email: string;
  readonly password: string;
}

/** What login and refresh answer. */
export interface Grant {
  readonly access_token: string;
  readonly refresh_token: string;
  /** Of the access token. */
  readonly expires_at: string;
  readonly user: { readonly id: string };
  readonly session?: { readonly id: string; readonly expires_at: string };
}

export interface Me {
  readonly user: { readonly id: string };
  readonly mode: string;
  readonly session_id: string;
}

/** An answer of the service; `code` is the problem's when it is one. */
export interface Answer<Body = unknown> {
  readonly status: number;
  readonly code?: string;
  readonly body: Body;
}

interface Sent {
  readonly token?: string;
  readonly body?: object;
}

/** Calls a service as any HTTP client would. Rejects when the connection fails; every status is an answer. */
export class ServiceClient {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(readonly url: string) {}

  register(person: Person): Promise<Answer> {
    return this.call('POST', '/auth/register', { body: person });
  }

  forgot(email: string): Promise<Answer> {
    return this.call('POST', '/auth/password/forgot', { body: { email } });
  }

  login(person: Person): Promise<Answer<Grant>> {
    return this.call<Grant>('POST', '/auth/login', { body: person });
  }

  me(token: string): Promise<Answer<Me>> {
    return this.call<Me>('GET', '/auth/me', { token });
  }

  refresh(refreshToken: string): Promise<Answer<Grant>> {
    return this.call<Grant>('POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
  }

  logout(token: string): Promise<Answer> {
    return this.call('POST', '/auth/logout', { token });
  }

  revoke(token: string, sessionId: string): Promise<Answer> {
    return this.call('DELETE', `/auth/sessions/${sessionId}`, { token });
  }

  revokeAll(token: string, { exceptCurrent = false } = {}): Promise<Answer> {
    return this.call('DELETE', `/auth/sessions${exceptCurrent ? '?except=current' : ''}`, { token });
  }

  call<Body = unknown>(method: string, path: string, { token, body }: Sent = {}): Promise<Answer<Body>> {
    const payload = body && JSON.stringify(body);
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(payload !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload),
      }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(this.url + path, { method, agent: this.agent, headers }, (response) => {
        answerOf<Body>(response).then(resolve, reject);
      });
      sent.setTimeout(ANSWER_WITHIN, () => sent.destroy(new Error(`${method} ${path}: no answer`)));
      sent.on('error', reject).end(payload);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

async function answerOf<Body>(response: IncomingMessage): Promise<Answer<Body>> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  const body = (text === '' ? null : JSON.parse(text)) as Body;
  return { status: response.statusCode ?? 0, code: (body as { code?: string } | null)?.code, body };
}

/** The body of an answer that must have this status; fails with what came instead. */
export async function expecting<Body>(status: number, answer: Promise<Answer<Body>>): Promise<Body> {
  const { status: actual, code, body } = await answer;
  if (actual !== status) throw new Error(`Expected ${status}, got ${actual} ${code ?? ''}`);
  return body;
}

/** People with accounts of their own, made through the service. */
export async function registerPeople(client: ServiceClient, count: number, name = 'person'): Promise<Person[]> {
  const people = Array.from({ length: count }, (_, i) => ({
    email: `${name}${i}@example.com`,
    password: `the password of ${name} ${i}`,
  }));
  const AT_A_TIME = 10;
  for (let i = 0; i < count; i += AT_A_TIME) {
    await Promise.all(people.slice(i, i + AT_A_TIME).map((person) => expecting(202, client.register(person))));
  }
  return people;
}

export type GrantKind = 'session' | 'tracked_jwt' | 'untracked_jwt';

const isOpaque = (token: string): boolean => token.startsWith('lk_');

export function kindOf({ access_token, refresh_token }: Grant): GrantKind {
  if (isOpaque(access_token)) return 'session';
  return isOpaque(refresh_token) ? 'tracked_jwt' : 'untracked_jwt';
}

interface Claims {
  readonly sid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

function claimsOf(jwt: string): Claims {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Claims;
}

export function sessionIdOf({ session, access_token }: Grant): string {
  return session?.id ?? claimsOf(access_token).sid;
}

/** When the login ends, as far as the grant shows it: milliseconds since the epoch, whole seconds for JWTs. */
export function deadlineOf({ session, refresh_token }: Grant): number {
  return session ? Date.parse(session.expires_at) : claimsOf(refresh_token).exp * 1000;
}

/** Equal for two answers that hand out the same successor: opaque tokens as they are, JWTs by `jti`, `iat` and `exp`. */
export function identityOf(grant: Grant): string {
  const identity = (token: string): string => {
    if (isOpaque(token)) return token;
    const { jti, iat, exp } = claimsOf(token);
    return [jti, iat, exp].join('/');
  };
  return `${identity(grant.access_token)} ${identity(grant.refresh_token)}`;
}
