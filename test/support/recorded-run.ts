import { randomBytes, randomUUID } from 'node:crypto';
import { HttpClient, type Answer, type RequestOptions } from './http-client';
import { SecretHunt } from './secret-hunt';
import type { Grant } from './service-client';
import type { ServiceProcess } from './service-process';
import type { TestDatabase } from './test-database';

/** A text that occurs nowhere else. */
export const canary = (name: string): string => `${name}-${randomBytes(12).toString('hex')}`;

/** Uses a service and remembers every secret that is involved, every id of a request and every answer but grants. */
export class RecordedRun {
  readonly hunt = new SecretHunt();
  readonly requestIds = new Set<string>();
  readonly refusals: string[] = [];
  readonly grants: Grant[] = [];
  readonly email = `${canary('person')}@example.com`;
  /** Quotes, slashes and letters beyond ASCII, so that every escaping is seen. */
  readonly password = `${canary('password')} "\\/é%`;
  private readonly http: HttpClient;

  constructor(
    readonly service: ServiceProcess,
    readonly database: TestDatabase,
  ) {
    this.http = new HttpClient(service.url);
  }

  requestId(): string {
    const id = randomUUID();
    this.requestIds.add(id);
    return id;
  }

  /** Every request has an id of its own; every answer that is no grant is kept. */
  async send(method: string, path: string, { headers, ...options }: RequestOptions = {}): Promise<Answer<unknown>> {
    const answer = await this.http.send<unknown>(method, path, {
      ...options,
      headers: { 'x-request-id': this.requestId(), ...headers },
    });
    const { body } = answer;
    if (isGrant(body)) this.keep(body);
    else this.refusals.push(JSON.stringify([...answer.headers]), answer.text);
    return answer;
  }

  /** A secret of this run under a name of its own. */
  secret(name: string): string {
    const secret = canary(name);
    this.hunt.add(name, secret);
    return secret;
  }

  register(password: string): Promise<Answer<unknown>> {
    return this.send('POST', '/auth/register', { json: { email: this.email, password } });
  }

  login(password = this.password): Promise<Answer<unknown>> {
    return this.send('POST', '/auth/login', { json: { email: this.email, password } });
  }

  async grant(): Promise<Grant> {
    return expectGrant(await this.login());
  }

  refresh(token: unknown): Promise<Answer<unknown>> {
    return this.send('POST', '/auth/refresh', { json: { refresh_token: token } });
  }

  me(token: string): Promise<Answer<unknown>> {
    return this.send('GET', '/auth/me', { token });
  }

  raw(text: string): Promise<string> {
    return this.http.bytes(text).catch(() => '');
  }

  private keep(grant: Grant): void {
    this.grants.push(grant);
    this.hunt.addToken(`access token ${this.grants.length}`, grant.access_token);
    this.hunt.addToken(`refresh token ${this.grants.length}`, grant.refresh_token);
  }
}

function isGrant(body: unknown): body is Grant {
  return typeof body === 'object' && body !== null && 'access_token' in body;
}

export function expectGrant({ status, body }: Answer<unknown>): Grant {
  expect(status).toBe(200);
  return body as Grant;
}
