import { CookieJar } from '../support/cookie-jar';
import type { Answer, Problem } from '../support/http-client';
import type { Grant, Service } from './service';

/** Where the service is reached from outside; nothing listens there. */
export const PUBLIC_URL = 'https://login.example.com';

/** What stands in an authorization request. */
export interface AuthorizationRequest {
  readonly url: URL;
  readonly state: string;
  readonly nonce: string;
}

/** A browser that signs in at providers. */
export class Visitor {
  readonly jar = new CookieJar();
  readonly providerJar = new CookieJar();

  constructor(private readonly service: Service) {}

  /** Begins a sign-in; the answer sends the browser away. */
  async begin(provider: string, query: Record<string, string> = {}): Promise<AuthorizationRequest> {
    const answer = await this.get(`/auth/oidc/${provider}/login?${new URLSearchParams(query).toString()}`);
    if (answer.status !== 302) throw new Error(`No redirect: ${answer.text}`);
    return requestIn(answer.headers.get('location') ?? '');
  }

  /** Follows the provider until it sends the browser back: the path of the callback. */
  async signInAt(request: AuthorizationRequest): Promise<string> {
    let { url } = request;
    for (let hop = 0; hop < 10; hop++) {
      const response = await fetch(url, { headers: this.providerJar.header, redirect: 'manual' });
      this.providerJar.take(response.headers);
      const location = response.headers.get('location');
      if (location === null) throw new Error(`The provider stopped: ${response.status} ${await response.text()}`);
      url = new URL(location, url);
      if (url.origin === PUBLIC_URL) return `${url.pathname}${url.search}`;
    }
    throw new Error('The provider went in circles');
  }

  /** Comes back with these parameters. */
  comeBack(provider: string, parameters: Record<string, string>): Promise<Answer<Problem>> {
    return this.get(`/auth/oidc/${provider}/callback?${new URLSearchParams(parameters).toString()}`);
  }

  async get(path: string): Promise<Answer<Problem>> {
    const answer = await this.service.http.get(path, { headers: this.jar.header });
    this.jar.take(answer.headers);
    return answer;
  }

  /** The login that the cookies hold, as tokens. */
  async grant(): Promise<Grant['user'] | null> {
    const token = this.accessToken;
    return token === undefined ? null : (await this.service.me(token)).body.user;
  }

  /** A request as the pages of the service make it. */
  async send(method: string, path: string, headers: Record<string, string> = {}): Promise<Answer<Problem>> {
    const page = { ...this.jar.header, 'sec-fetch-site': 'same-origin', ...headers };
    const answer = await this.service.http.send<Problem>(method, path, {
      headers: page,
      json: method === 'GET' ? undefined : {},
    });
    this.jar.take(answer.headers);
    return answer;
  }

  get accessToken(): string | undefined {
    const name = this.jar.names.find((candidate) => candidate.endsWith('lk_at'));
    return name === undefined ? undefined : this.jar.get(name);
  }
}

export function requestIn(location: string): AuthorizationRequest {
  const url = new URL(location);
  const { searchParams: query } = url;
  return { url, state: query.get('state') ?? '', nonce: query.get('nonce') ?? '' };
}
