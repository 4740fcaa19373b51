import { createHmac, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the server answers on a path. */
export type Manner = 'well' | 'error' | 'hang' | 'garbage' | 'redirect' | 'huge' | 'forbidden';

export interface IssuerKey {
  readonly kid: string;
  readonly alg: 'RS256' | 'ES256' | 'EdDSA';
  readonly privateKey: KeyObject;
  readonly jwk: Record<string, unknown>;
}

type Entry = Readonly<Record<string, unknown>>;

export const CLIENT = { id: 'resource: server', secret: 'a secret with spaces & signs, 32 bytes +' };
export const JWKS = '/.well-known/jwks.json';
export const METADATA = '/.well-known/oauth-authorization-server';
export const INTROSPECT = '/oauth/introspect';
export const FEED = '/oauth/revocations';
export const STREAM = '/oauth/revocations/stream';

/** A key of its own, with the JWK that is published for it. */
export function newKey(alg: IssuerKey['alg'] = 'ES256', kid: string = randomUUID()): IssuerKey {
  const { privateKey, publicKey } = pairFor(alg);
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } };
}

function pairFor(alg: IssuerKey['alg']): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
}

/** A compact JWS over these claims, however wrong. */
export function signed(key: IssuerKey, claims: object, header: object = {}): string {
  const parts = [{ alg: key.alg, typ: 'at+jwt', kid: key.kid, ...header }, claims];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const options = { key: key.privateKey, dsaEncoding: 'ieee-p1363' as const };
  const signature = sign(key.alg === 'EdDSA' ? null : 'sha256', Buffer.from(input), options);
  return `${input}.${signature.toString('base64url')}`;
}

/** The same with a shared secret. */
export function signedWithSecret(secret: string, claims: object, header: object = {}): string {
  const parts = [{ alg: 'HS256', typ: 'at+jwt', kid: 'k', ...header }, claims];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/**
 * An issuer on a real socket, reduced to what resource servers ask it for: keys, metadata, introspection and the
 * revocation feed. It can be told to misbehave, path by path.
 */
export class IssuerServer {
  readonly issuer = 'the-issuer';
  readonly audience = 'the-api';
  readonly client = CLIENT;
  /** What is published. Anything may stand here. */
  keys: unknown[] = [];
  /** Answers of introspection by token; everything else is inactive. */
  readonly tokens = new Map<string, Entry>();
  readonly asked: Record<string, number> = {};
  /** Whether the feed sends heartbeats: it does while it is fresh. */
  heartbeats = true;
  /** `buffer`: a proxy in between that holds everything back. */
  streams: 'well' | 'buffer' | 'refuse' = 'well';
  pageSize = 100;

  private readonly manners: Record<string, Manner> = {};
  private readonly entries: Entry[] = [];
  private readonly streaming = new Set<ServerResponse>();
  private server?: Server;
  private port = 0;
  private beat?: NodeJS.Timeout;
  /** Held back answers of introspection. */
  private gate: Promise<void> = Promise.resolve();

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Listens; on the same port when it did before. */
  async start(): Promise<void> {
    this.server = createServer((request, response) => void this.answer(request, response));
    await new Promise<void>((done) => this.server?.listen(this.port, '127.0.0.1', done));
    this.port = (this.server.address() as AddressInfo).port;
    this.beat = setInterval(() => this.heartbeats && this.tell('heartbeat', {}), 300);
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.beat);
    const { server } = this;
    this.server = undefined;
    server?.closeAllConnections();
    if (server) await new Promise((done) => server.close(done));
  }

  behave(path: string, manner: Manner): void {
    this.manners[path] = manner;
  }

  times(path: string): number {
    return this.asked[path] ?? 0;
  }

  /** Claims of a good access token of this issuer. */
  claims(difference: object = {}): Entry {
    const now = Math.floor(Date.now() / 1000);
    const user = randomUUID();
    const times = { iat: now, exp: now + 900, auth_time: now };
    const who = { sub: user, user_id: user, tenant_id: randomUUID(), sid: randomUUID(), gen: [0, 0, 0] };
    return {
      iss: this.issuer,
      aud: this.audience,
      jti: randomUUID(),
      ...times,
      ...who,
      roles: ['member'],
      ...difference,
    };
  }

  /** One more entry of the feed. */
  revoke(entry: Entry): void {
    const full = { generation: null, tenant_id: null, user_id: null, sid: null, except_sid: null, ends_login: true };
    const expires = { reason: 'logout', expires_at: new Date(Date.now() + 3_600_000).toISOString() };
    this.entries.push({ ...full, ...expires, ...entry });
    const page = { revocations: this.entries.slice(-1), cursor: String(this.entries.length), complete: true };
    this.tell('revocations', page, page.cursor);
  }

  /** Cuts every stream; readers have to come back. */
  cutStreams(): void {
    for (const response of this.streaming) response.destroy();
  }

  get readers(): number {
    return this.streaming.size;
  }

  /** Holds introspection back until the returned function is called. */
  hold(): () => void {
    let release = (): void => {};
    this.gate = new Promise((resolve) => (release = resolve));
    return release;
  }

  private tell(event: string, data: object, id?: string): void {
    if (this.streams === 'buffer') return;
    const text = `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
    for (const response of this.streaming) response.write(text);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    this.asked[pathname] = this.times(pathname) + 1;
    const manner = this.manners[pathname] ?? 'well';
    if (manner !== 'well') return misbehave(manner, response);
    if (pathname === JWKS) return json(response, 200, { keys: this.keys });
    if (pathname === METADATA) return json(response, 200, { issuer: this.issuer, jwks_uri: `${this.url}${JWKS}` });
    if (!isOurClient(request)) return json(response, 401, { error: 'invalid_client' });
    if (pathname === INTROSPECT) return this.introspect(request, response);
    if (pathname === FEED) return this.page(searchParams.get('since'), response);
    if (pathname === STREAM) return this.stream(response);
    json(response, 404, {});
  }

  private async introspect(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const token = new URLSearchParams(body).get('token') ?? '';
    await this.gate;
    json(response, 200, this.tokens.get(token) ?? { active: false });
  }

  private page(since: string | null, response: ServerResponse): void {
    const from = Number(since ?? 0);
    if (from > this.entries.length) return json(response, 400, { code: 'validation_failed' });
    const to = Math.min(from + this.pageSize, this.entries.length);
    const complete = to === this.entries.length;
    json(response, 200, { revocations: this.entries.slice(from, to), cursor: String(to), complete });
  }

  private stream(response: ServerResponse): void {
    if (this.streams === 'refuse') return json(response, 404, {});
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    this.streaming.add(response);
    response.on('close', () => this.streaming.delete(response));
  }
}

function isOurClient({ headers }: IncomingMessage): boolean {
  const [id, secret] = Buffer.from(headers.authorization?.replace('Basic ', '') ?? '', 'base64')
    .toString()
    .split(':');
  const decoded = (text = ''): string => new URLSearchParams(`v=${text}`).get('v') ?? '';
  return decoded(id) === CLIENT.id && decoded(secret) === CLIENT.secret;
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function misbehave(manner: Manner, response: ServerResponse): void {
  if (manner === 'error') json(response, 500, {});
  else if (manner === 'forbidden') json(response, 403, {});
  else if (manner === 'garbage') response.writeHead(200).end('<html>');
  else if (manner === 'redirect') response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end();
  else if (manner === 'huge') response.writeHead(200).end(JSON.stringify({ keys: [], padding: 'x'.repeat(2_000_000) }));
}
