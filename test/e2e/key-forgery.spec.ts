import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KeyRing } from '../../src/keys/key-ring';
import { base64url, CLAIMS, HEADERS, type Json } from './forgery';
import { claimsOf, useService, type SignedIn } from './service';
import { timeLimit } from '../support/time-limit';

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

function signature(algorithm: string, input: string, key: KeyObject): Buffer {
  const bytes = Buffer.from(input);
  if (algorithm === 'EdDSA') return sign(null, bytes, key);
  if (algorithm === 'ES256') return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' });
  return sign('sha256', bytes, algorithm === 'PS256' ? { key, ...pss } : key);
}

function newPair(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519');
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

/** Every way to write a public key down. */
function formsOf(key: KeyObject): Buffer[] {
  const jwk = key.export({ format: 'jwk' });
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  const parts = [jwk.n, jwk.x, jwk.y].filter((part) => part !== undefined);
  return [
    Buffer.from(pem),
    Buffer.from(pem.trim()),
    key.export({ type: 'spki', format: 'der' }),
    Buffer.from(JSON.stringify(jwk)),
    ...parts.flatMap((part) => [Buffer.from(part), Buffer.from(part, 'base64url')]),
  ];
}

describe.each(ALGORITHMS)('a forged JWT where tokens are signed with %s', (algorithm) => {
  const settings = { 'auth.mode': 'stateless', 'auth.jwt.secret': '', 'auth.jwt.algorithm': algorithm };
  const service = useService({ settings });
  const attacker = newPair(algorithm);
  let visitor: SignedIn;
  let key: KeyObject;
  let header: Json;
  let claims: Json;
  let collaborator: Server;
  let calls = 0;

  beforeAll(async () => {
    visitor = await service.signedIn();
    const signing = service.app.provider(KeyRing).signing;
    key = signing.key;
    header = { alg: algorithm, typ: 'at+jwt', kid: signing.id };
    claims = claimsOf(visitor.grant.access_token);
    collaborator = createServer((_, response) => {
      calls += 1;
      response.end(JSON.stringify({ keys: [{ ...attacker.publicKey.export({ format: 'jwk' }), kid: signing.id }] }));
    }).listen(0, '127.0.0.1');
  });

  afterAll(() => {
    collaborator.close();
  });

  const url = (): string => `http://127.0.0.1:${(collaborator.address() as AddressInfo).port}/jwks.json`;

  function token(change: { header?: Json; claims?: Json; key?: KeyObject } = {}): string {
    const payload = { ...claims, jti: randomUUID(), ...change.claims };
    const input = `${base64url(JSON.stringify({ ...header, ...change.header }))}.${base64url(JSON.stringify(payload))}`;
    return `${input}.${signature(algorithm, input, change.key ?? key).toString('base64url')}`;
  }

  async function expectRefused(...tokens: string[]): Promise<void> {
    for (const each of tokens) {
      let code = '';
      const reads = await service.app.reads(async () => {
        code = (await service.me(each)).code;
      });
      expect([each, code, reads]).toEqual([each, 'invalid_token', 0]);
    }
  }

  it('is told from a good one', async () => {
    expect((await service.me(token())).status).toBe(200);
  });

  it.each(HEADERS.filter(([, changed]) => changed['alg'] !== algorithm))('is refused: %s', async (_, changed) => {
    const forged = token({ header: changed });
    await expectRefused(forged, forged.replace(/[^.]+$/, ''));
  });

  it.each(CLAIMS)('is refused, though it is signed: %s', async (_, changed) => {
    await expectRefused(token({ claims: changed }));
  });

  it('is refused: a published key as the secret, in whatever form', async () => {
    const { keys } = (await service.http.get<{ keys: JsonWebKey[] }>('/.well-known/jwks.json')).body;
    expect(keys).toHaveLength(1);
    const published = createPublicKey({ key: keys[0] as JsonWebKey, format: 'jwk' });
    for (const secret of [...formsOf(published), Buffer.from(JSON.stringify(keys[0])), Buffer.alloc(0)]) {
      for (const bits of [256, 384, 512]) {
        const input = `${base64url(JSON.stringify({ ...header, alg: `HS${bits}` }))}.${base64url(JSON.stringify(claims))}`;
        await expectRefused(`${input}.${createHmac(`sha${bits}`, secret).update(input).digest('base64url')}`);
      }
    }
  });

  it('is refused: a key of the attacker that the header brings along or points at; nobody is asked for it', async () => {
    const jwk = attacker.publicKey.export({ format: 'jwk' });
    const pointers: Json[] = [
      { jwk },
      { jku: url() },
      { x5u: url() },
      { x5c: ['MIIB'] },
      { kid: url() },
      { iss: url() },
    ];
    await expectRefused(token({ key: attacker.privateKey }));
    for (const pointer of pointers) await expectRefused(token({ header: pointer, key: attacker.privateKey }));
    expect(calls).toBe(0);
  });

  it.each([
    { alg: 'RSA-OAEP', enc: 'A256GCM' },
    { alg: 'ECDH-ES', enc: 'A256GCM', epk: { kty: 'EC', crv: 'P-256' } },
    { alg: 'dir', enc: 'A256GCM', zip: 'DEF' },
    { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2_147_483_648, p2s: 'AAAA' },
  ])('is refused at once: encrypted with %j around a good one', async (encryption) => {
    const encoded = base64url(JSON.stringify({ ...encryption, kid: header['kid'] }));
    const begun = performance.now();
    const inner = base64url(token());
    await expectRefused(
      `${encoded}.AAAA.AAAA.${inner}.AAAA`,
      `${encoded}..AAAA.${inner}.AAAA`,
      `${encoded}.${inner}.AAAA`,
    );
    expect(performance.now() - begun).toBeLessThan(timeLimit(300));
  });

  it('is refused: every other token of the service', async () => {
    await expectRefused(visitor.grant.refresh_token);
    for (const typ of [
      'JWT',
      'id+jwt',
      'rt+jwt',
      'logout+jwt',
      'secevent+jwt',
      'dpop+jwt',
      'token-introspection+jwt',
    ]) {
      await expectRefused(token({ header: { typ } }));
    }
  });

  it('is refused: a signature of nothing but zeros, or of another length', async () => {
    const [head, payload, end] = token().split('.') as [string, string, string];
    const bytes = Buffer.from(end, 'base64url');
    for (const wrong of [Buffer.alloc(bytes.length), bytes.subarray(1), Buffer.concat([Buffer.alloc(1), bytes])]) {
      await expectRefused(`${head}.${payload}.${wrong.toString('base64url')}`);
    }
  });

  it('is refused without growing the process: many dots, and a megabyte', async () => {
    const before = process.memoryUsage().rss;
    for (const text of ['.'.repeat(7_900), `${'a.'.repeat(3_900)}a`]) {
      expect((await service.me(`eyJ${text}`)).code).toBe('invalid_token');
    }
    for (const length of [15_000, 65_536, 1_048_576]) {
      const { status } = await service.http.post('/auth/refresh', { json: { refresh_token: '.'.repeat(length) } });
      expect([400, 401, 413]).toContain(status);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });
});
