import { ClientRegistry, type ClientToCreate } from '../../src/clients/client-registry';
import type { Answer, HttpClient, Problem } from './http-client';
import { unique, type TestApp } from './test-app';

export const FORM = 'application/x-www-form-urlencoded';

/** A problem document that OAuth libraries understand. */
export interface OAuthProblem extends Problem {
  readonly error: string;
  readonly error_description: string;
}

export interface Introspection extends Readonly<Record<string, unknown>> {
  readonly active: boolean;
  readonly tenant_id?: string;
  readonly sid?: string;
}

export interface WireRevocation {
  readonly kind: string;
  readonly tenant_id: string | null;
  readonly user_id: string | null;
  readonly sid: string | null;
  readonly generation: number | null;
  readonly except_sid: string | null;
  readonly ends_login: boolean;
  readonly reason: string;
  readonly expires_at: string;
}

export interface FeedPart {
  readonly revocations: readonly WireRevocation[];
  readonly cursor: string;
  readonly complete: boolean;
}

/** A resource server or machine, as the service's endpoints see it. */
export class OAuthCaller {
  constructor(
    private readonly http: HttpClient,
    readonly id: string,
    readonly secret: string,
  ) {}

  get basic(): string {
    const encode = (part: string): string => encodeURIComponent(part);
    return `Basic ${Buffer.from(`${encode(this.id)}:${encode(this.secret)}`).toString('base64')}`;
  }

  post<Body = OAuthProblem>(path: string, form: Readonly<Record<string, string>>): Promise<Answer<Body>> {
    const headers = { 'content-type': FORM, authorization: this.basic };
    return this.http.post<Body>(path, { headers, raw: new URLSearchParams(form).toString() });
  }

  introspect(token: string): Promise<Answer<Introspection>> {
    return this.post<Introspection>('/oauth/introspect', { token });
  }

  revoke(token: string): Promise<Answer<OAuthProblem>> {
    return this.post('/oauth/revoke', { token });
  }

  token(form: Readonly<Record<string, string>> = {}) {
    return this.post<OAuthProblem & { access_token: string; token_type: string; expires_in: number }>('/oauth/token', {
      grant_type: 'client_credentials',
      ...form,
    });
  }

  page(since?: string): Promise<Answer<FeedPart & Problem>> {
    const query = since === undefined ? '' : `?since=${encodeURIComponent(since)}`;
    return this.http.get(`/oauth/revocations${query}`, { headers: { authorization: this.basic } });
  }

  /** Pages until one is complete. */
  async all(since?: string): Promise<{ revocations: WireRevocation[]; cursor: string; pages: number }> {
    const revocations: WireRevocation[] = [];
    let cursor = since;
    for (let pages = 1; ; pages += 1) {
      const { status, body, text } = await this.page(cursor);
      if (status !== 200) throw new Error(text);
      revocations.push(...body.revocations);
      cursor = body.cursor;
      if (body.complete) return { revocations, cursor, pages };
    }
  }
}

/** A client that nobody else has, bound to these tenants. */
export async function oauthCaller(
  { app, http }: Pick<TestApp, 'app' | 'http'>,
  difference: Partial<ClientToCreate>,
): Promise<OAuthCaller> {
  const client = { name: unique('client'), tenants: 'all' as const, audiences: ['latchkey-api'], ...difference };
  const { id, secret } = await app.get(ClientRegistry, { strict: false }).create(client);
  return new OAuthCaller(http, id, secret);
}
