import { createHmac, randomUUID } from 'node:crypto';
import { KeyRing } from '../../src/keys/key-ring';
import { JWT_SECRET } from '../support/test-app';
import type { Service } from './service';

export type Json = Readonly<Record<string, unknown>>;

const HASH: Readonly<Record<string, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

export const base64url = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url');

/** Signs any text as a compact JWS, sensible or not. */
export function seal(header: string, payload: string, { hash = 'sha256', secret = JWT_SECRET } = {}): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

/** Makes tokens that are good but for what is changed in them, with the very key of the service. */
export class Forger {
  constructor(
    readonly header: Json,
    readonly claims: Json,
  ) {}

  /** For a person who has an account, with the use that is given. */
  static async of(service: Service, use: 'access' | 'refresh'): Promise<Forger> {
    const { person } = await service.signedIn();
    const now = Math.floor(service.clock.now() / 1000);
    const header = {
      alg: 'HS256',
      typ: use === 'access' ? 'at+jwt' : 'rt+jwt',
      kid: service.app.provider(KeyRing).signing.id,
    };
    const claims = {
      iss: 'latchkey',
      aud: use === 'access' ? 'latchkey-api' : 'latchkey:refresh',
      sub: person.userId,
      iat: now,
      exp: now + 86_400,
      jti: randomUUID(),
      sid: randomUUID(),
      user_id: person.userId,
      tenant_id: person.tenantId,
      gen: [0, 0, 0],
      amr: ['pwd'],
      auth_time: now,
    };
    return new Forger(header, claims);
  }

  /** Another one each time. */
  good(): string {
    return this.withClaims({ jti: randomUUID(), sid: randomUUID() });
  }

  /** With these names changed; `undefined` leaves a name out. Signed with the hash that the header names. */
  token(header: Json = {}, claims: Json = {}): string {
    const { alg } = { ...this.header, ...header };
    const hash = (typeof alg === 'string' && HASH[alg]) || 'sha256';
    return seal(JSON.stringify({ ...this.header, ...header }), JSON.stringify({ ...this.claims, ...claims }), { hash });
  }

  withHeader(header: Json): string {
    return this.token(header);
  }

  withClaims(claims: Json): string {
    return this.token({}, claims);
  }

  /** Header or payload as raw text, for what JSON.stringify would not write. */
  raw({ header, payload }: { header?: string; payload?: string }): string {
    return seal(header ?? JSON.stringify(this.header), payload ?? JSON.stringify(this.claims));
  }

  /** Signed with a secret of the attacker's own. */
  foreign(secret = 'a secret of somebody else, who wants to come in'): string {
    return seal(JSON.stringify(this.header), JSON.stringify(this.claims), { secret });
  }
}

/** Every way to write a header that means no signature, or another one than the key's. */
export const HEADERS: readonly [string, Json][] = [
  ...['none', 'None', 'NONE', 'nOnE', ' none', 'none ', 'n\u043ene', '', 'HS256 ', 'hs256', 'HS256\u0000'].map(
    (alg): [string, Json] => [`alg ${JSON.stringify(alg)}`, { alg }],
  ),
  ['alg missing', { alg: undefined }],
  ['alg null', { alg: null }],
  ['alg as a list', { alg: ['HS256'] }],
  ['alg as a list of none', { alg: ['none'] }],
  ['alg as an object', { alg: { toString: 'HS256' } }],
  ['alg zero', { alg: 0 }],
  ...['HS384', 'HS512', 'RS256', 'RS512', 'PS256', 'ES256', 'ES512', 'EdDSA', 'HS1', 'A256KW', 'dir'].map(
    (alg): [string, Json] => [`alg ${alg} with the key of HS256`, { alg }],
  ),
  ...['', 'unknown', '../../../../dev/null', "' OR 1=1 --", '__proto__', 'constructor', 'toString', '0'].map(
    (kid): [string, Json] => [`kid ${JSON.stringify(kid)}`, { kid }],
  ),
  ['kid missing', { kid: undefined }],
  ['kid null', { kid: null }],
  ['kid as a list', { kid: ['unknown'] }],
  ...['JWT', 'jwt', 'AT+JWT', 'at+JWT', 'application/at+jwt', 'at+jwt ', 'id+jwt', 'logout+jwt', 'dpop+jwt', ''].map(
    (typ): [string, Json] => [`typ ${JSON.stringify(typ)}`, { typ }],
  ),
  ['typ missing', { typ: undefined }],
  ['typ null', { typ: null }],
  ['typ as a list', { typ: ['at+jwt', 'rt+jwt'] }],
  ['jwk', { jwk: { kty: 'oct', k: base64url(JWT_SECRET) } }],
  ['jku', { jku: 'http://127.0.0.1:1/jwks.json' }],
  ['x5u', { x5u: 'http://127.0.0.1:1/chain.pem' }],
  ['x5c', { x5c: ['MIIB'] }],
  ['x5t', { x5t: 'AAAA' }],
  ['crit empty', { crit: [] }],
  ['crit known', { crit: ['exp'], exp: 1 }],
  ['crit unknown', { crit: ['urn:example:must-understand'], 'urn:example:must-understand': true }],
  ['crit as text', { crit: 'exp' }],
  ['b64 false', { b64: false, crit: ['b64'] }],
  ['b64 false without crit', { b64: false }],
  ['zip', { zip: 'DEF' }],
  ['cty', { cty: 'JWT' }],
  ['enc', { enc: 'A256GCM' }],
  ['p2c', { p2c: 2_147_483_648, p2s: 'AAAA' }],
  ['a name nobody knows', { role: 'admin' }],
];

/** Claims that no token of the service holds. */
export const CLAIMS: readonly [string, Json][] = [
  ...['latchkey/', 'latchke', 'xlatchkey', 'Latchkey', 'latchkey\u0000', 'https://latchkey', ' latchkey', ''].map(
    (iss): [string, Json] => [`iss ${JSON.stringify(iss)}`, { iss }],
  ),
  ['iss as a list', { iss: ['latchkey', 'https://evil.example.com'] }],
  ['iss missing', { iss: undefined }],
  ['iss null', { iss: null }],
  ...['latchkey', 'LATCHKEY-API', 'latchkey-api/', 'other-api', '', '*'].map((aud): [string, Json] => [
    `aud ${JSON.stringify(aud)}`,
    { aud },
  ]),
  ['aud as a list', { aud: ['latchkey-api', 'latchkey:refresh'] }],
  ['aud as an empty list', { aud: [] }],
  ['aud missing', { aud: undefined }],
  ['aud as an object', { aud: { 0: 'latchkey-api' } }],
  ['exp missing', { exp: undefined }],
  ['exp null', { exp: null }],
  ['exp as text', { exp: '99999999999' }],
  ['exp huge', { exp: 1e20 }],
  ['exp beyond every date', { exp: 8.64e12 + 1 }],
  ['exp with a fraction', { exp: 99999999999.5 }],
  ['exp as a list', { exp: [99999999999] }],
  ['iat missing', { iat: undefined }],
  ['iat as text', { iat: 'yesterday' }],
  ['iat negative', { iat: -1 }],
  ['nbf in an hour', { nbf: 99999999999 }],
  ['nbf as text', { nbf: 'tomorrow' }],
  ['sub missing', { sub: undefined }],
  ['sub as a number', { sub: 1 }],
  ['sub empty', { sub: '' }],
  ['sub as a list', { sub: ['a', 'b'] }],
  ['jti missing', { jti: undefined }],
  ['jti as an object', { jti: {} }],
  ['sid missing', { sid: undefined }],
  ['sid that is no id', { sid: '1' }],
  ['user_id missing', { user_id: undefined }],
  ['user_id as a list', { user_id: ['00000000-0000-4000-8000-000000000000'] }],
  ['tenant_id missing', { tenant_id: undefined }],
  ['tenant_id as text', { tenant_id: 'default' }],
  ['gen missing', { gen: undefined }],
  ['gen too short', { gen: [0, 0] }],
  ['gen as text', { gen: ['0', '0', '0'] }],
  ['gen without numbers', { gen: [null, null, null] }],
  ['amr as text', { amr: 'pwd' }],
  ['auth_time as text', { auth_time: 'now' }],
  ['auth_time beyond every date', { auth_time: 8.64e12 + 1 }],
];
