import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newKey, signed, type IssuerKey } from './issuer-server';

type Claims = Record<string, unknown>;

/** What is asked of the provider for one sign-in. */
export interface Asked {
  readonly nonce?: string;
}

/** A provider that says whatever a test wants: every part of its answers can be replaced. */
export class HostileProvider {
  key: IssuerKey = newKey('ES256', 'provider');
  readonly clientId = 'latchkey';
  /** Over the metadata as they ought to be. */
  metadata: Claims = {};
  /** The ID token for these claims; replaced to make a bad one. */
  idToken: (claims: Claims) => unknown = (claims) => signed(this.key, claims, { typ: 'JWT' });
  /** The access token; replaced where it matters. */
  accessToken: () => unknown = () => 'an access token';
  /** Over the claims as they ought to be. */
  claims: Claims = {};
  /** Answers of any other path. */
  readonly paths = new Map<string, { status?: number; body?: unknown; headers?: Record<string, string> }>();
  readonly redemptions: URLSearchParams[] = [];
  readonly asked: string[] = [];
  /** Codes and the nonces that they were asked for with; each is good once. */
  private readonly codes = new Map<string, string | undefined>();
  private server?: Server;
  private port = 0;

  get issuer(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.server = createServer((request, response) => void this.answer(request, response));
    await new Promise<void>((done) => this.server?.listen(this.port, '127.0.0.1', done));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((done) => this.server?.close(done));
  }

  /** As after a fresh start. */
  reset(): void {
    this.metadata = {};
    this.claims = {};
    this.idToken = (claims) => signed(this.key, claims, { typ: 'JWT' });
    this.accessToken = () => 'an access token';
    this.redemptions.length = 0;
    this.asked.length = 0;
  }

  /** A code, as the person gets it once they have signed in. */
  code({ nonce }: Asked = {}): string {
    const code = randomUUID();
    this.codes.set(code, nonce);
    return code;
  }

  /** Claims of a good ID token. */
  goodClaims(difference: Claims = {}): Claims {
    const now = Math.floor(Date.now() / 1000);
    return { iss: this.issuer, aud: this.clientId, sub: 'somebody', iat: now, exp: now + 300, ...difference };
  }

  logoutToken(difference: Claims = {}, header: Claims = { typ: 'logout+jwt' }): string {
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    return signed(this.key, this.goodClaims({ jti: randomUUID(), events, ...difference }), header);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.issuer);
    this.asked.push(pathname);
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const other = this.paths.get(pathname);
    if (other) return json(response, other.status ?? 200, other.body ?? {}, other.headers);
    if (pathname === '/.well-known/openid-configuration') return json(response, 200, this.document());
    if (pathname === '/jwks') return json(response, 200, { keys: [this.key.jwk] });
    if (pathname === '/token') return this.redeem(new URLSearchParams(body), response);
    json(response, 404, {});
  }

  private document(): Claims {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      jwks_uri: `${this.issuer}/jwks`,
      end_session_endpoint: `${this.issuer}/logout`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256', 'none', 'HS256'],
      ...this.metadata,
    };
  }

  private redeem(form: URLSearchParams, response: ServerResponse): void {
    this.redemptions.push(form);
    const code = form.get('code') ?? '';
    if (!this.codes.has(code)) return json(response, 400, { error: 'invalid_grant' });
    const nonce = this.codes.get(code);
    this.codes.delete(code);
    const claims = this.goodClaims({ ...(nonce !== undefined && { nonce }), ...this.claims });
    const tokens = { access_token: this.accessToken(), token_type: 'Bearer', expires_in: 300, refresh_token: 'rt' };
    json(response, 200, { ...tokens, id_token: this.idToken(claims) });
  }
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
