import {
  constants,
  createHmac,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';
import { AuthError } from '../auth-error';
import { readCompactJwt } from './compact-jwt';
import { JWT_ALGORITHMS, pinKey, readJwk, type JwtAlgorithm, type JwtKey } from './jwt-key';
import { verifyJwt, type JwtExpectations } from './verify-jwt';

const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1000;
const SECRET = createSecretKey(Buffer.alloc(64, 7));
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
const raw = { dsaEncoding: 'ieee-p1363' } as const;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');

const PRIVATE: Readonly<Record<JwtAlgorithm, KeyObject>> = {
  HS256: SECRET,
  HS384: SECRET,
  HS512: SECRET,
  RS256: rsa.privateKey,
  PS256: rsa.privateKey,
  ES256: ec.privateKey,
  EdDSA: ed.privateKey,
};

function signatureOf(algorithm: string, input: string, key: KeyObject): Buffer {
  const bytes = Buffer.from(input);
  if (algorithm.startsWith('HS'))
    return createHmac(`sha${algorithm.slice(2)}`, key)
      .update(bytes)
      .digest();
  if (algorithm === 'PS256') return sign('sha256', bytes, { key, ...pss });
  if (algorithm === 'ES256') return sign('sha256', bytes, { key, ...raw });
  return sign(algorithm === 'EdDSA' ? null : 'sha256', bytes, key);
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const GOOD = { iss: 'us', aud: 'them', sub: 'ada', iat: SECONDS, exp: SECONDS + 60 };

interface Difference {
  readonly header?: object;
  readonly claims?: object;
  readonly key?: KeyObject;
  readonly signature?: Buffer;
}

function token(algorithm: JwtAlgorithm, { header, claims, key, signature }: Difference = {}): string {
  const input = `${encoded({ alg: algorithm, typ: 'at+jwt', kid: 'k', ...header })}.${encoded({ ...GOOD, ...claims })}`;
  return `${input}.${(signature ?? signatureOf(algorithm, input, key ?? PRIVATE[algorithm])).toString('base64url')}`;
}

function keyFor(algorithm: JwtAlgorithm): JwtKey {
  const key = PRIVATE[algorithm];
  return pinKey('k', algorithm, key.type === 'private' ? createPublicKey(key) : key);
}

const EXPECTED: JwtExpectations = { types: ['at+jwt'], issuer: 'us', audience: 'them', now: NOW, leeway: 5_000 };

/** `ok`, `unreadable`, or the code of the refusal. */
function judged(text: string, key: JwtKey, difference: Partial<JwtExpectations> = {}): string {
  const jwt = readCompactJwt(text);
  if (!jwt) return 'unreadable';
  try {
    verifyJwt(jwt, key, { ...EXPECTED, ...difference });
    return 'ok';
  } catch (error) {
    return (error as AuthError).code;
  }
}

const REFUSED = /^(unreadable|invalid_token)$/;

describe.each(JWT_ALGORITHMS)('a token that is checked with %s', (algorithm) => {
  const key = keyFor(algorithm);
  const others = JWT_ALGORITHMS.filter((other) => other !== algorithm);

  it('is accepted when all is right', () => expect(judged(token(algorithm), key)).toBe('ok'));

  it.each(others)('is refused when it says %s and is signed that way', (other) => {
    expect(judged(token(other), key)).toMatch(REFUSED);
  });

  it.each([
    ...others,
    'none',
    'None',
    '',
    'n\u043ene',
    'HS1',
    null,
    ['none'],
    [algorithm],
    { alg: algorithm },
    0,
    undefined,
  ])('is refused when only its header says %j', (alg) => {
    const input = `${encoded({ alg, typ: 'at+jwt', kid: 'k' })}.${encoded(GOOD)}`;
    const signature = signatureOf(algorithm, input, PRIVATE[algorithm]).toString('base64url');
    for (const end of [signature, '', 'AA']) expect(judged(`${input}.${end}`, key)).toMatch(REFUSED);
  });

  it('is refused when the algorithm was changed under the old signature', () => {
    const [, payload, signature] = token(algorithm).split('.');
    for (const alg of others) {
      const header = encoded({ alg, typ: 'at+jwt', kid: 'k' });
      expect(judged(`${header}.${payload}.${signature}`, key)).toMatch(REFUSED);
    }
  });

  it.each([
    ['jwk', { jwk: rsa.publicKey.export({ format: 'jwk' }) }],
    ['jku', { jku: 'http://127.0.0.1:1/jwks.json' }],
    ['x5u', { x5u: 'http://127.0.0.1:1/chain.pem' }],
    ['x5c', { x5c: ['MIIB'] }],
    ['crit unknown', { crit: ['urn:x'], 'urn:x': true }],
    ['crit empty', { crit: [] }],
    ['crit as text', { crit: 'exp' }],
    ['b64 false', { b64: false, crit: ['b64'] }],
    ['zip', { zip: 'DEF' }],
    ['p2c', { p2c: 2_147_483_648, p2s: 'AAAA' }],
    ['cty', { cty: 'JWT' }],
  ])('is refused with the header %s', (_, header) => {
    expect(judged(token(algorithm, { header }), key)).toBe('unreadable');
  });

  it('is refused with a signature that was cut, grown, emptied or turned', () => {
    const [header, payload, end] = token(algorithm).split('.') as [string, string, string];
    const bytes = Buffer.from(end, 'base64url');
    const turned = Buffer.from(bytes.map((byte, at) => (at === 5 ? byte ^ 1 : byte)));
    const wrong = [bytes.subarray(1), bytes.subarray(0, -1), Buffer.concat([bytes, bytes]), turned, Buffer.alloc(1)];
    for (const signature of [...wrong, Buffer.alloc(bytes.length), Buffer.alloc(bytes.length, 255)]) {
      expect(judged(`${header}.${payload}.${signature.toString('base64url')}`, key)).toBe('invalid_token');
    }
  });

  it('is refused with the name of another key', () => {
    expect(judged(token(algorithm, { header: { kid: 'other' } }), key)).toBe('invalid_token');
  });

  it.each(['JWT', 'rt+jwt', 'AT+JWT', 'application/at+jwt', 'id+jwt', 'logout+jwt', ''])(
    'is refused as typ %j',
    (typ) => {
      expect(judged(token(algorithm, { header: { typ } }), key)).toBe('invalid_token');
    },
  );
});

describe.each(['RS256', 'PS256'] as const)('an %s signature that begins with a zero byte', (algorithm) => {
  const key = keyFor(algorithm);
  const [input, signature] = beginningWithZero();

  it('is accepted whole', () => expect(judged(`${input}.${signature.toString('base64url')}`, key)).toBe('ok'));

  it('is refused without the zero, or with one more', () => {
    for (const other of [signature.subarray(1), Buffer.concat([Buffer.alloc(1), signature])]) {
      expect(judged(`${input}.${other.toString('base64url')}`, key)).toBe('invalid_token');
    }
  });

  /** One signature in 256 is such. */
  function beginningWithZero(): [string, Buffer] {
    for (let jti = 0; ; jti++) {
      const [header, payload, end] = token(algorithm, { claims: { jti: String(jti) } }).split('.');
      const bytes = Buffer.from(end ?? '', 'base64url');
      if (bytes[0] === 0) return [`${header}.${payload}`, bytes];
    }
  }
});

describe('the public half of a key', () => {
  const jwks = [rsa.publicKey, ec.publicKey, ed.publicKey];
  const forms = (key: KeyObject): Buffer[] => {
    const jwk = key.export({ format: 'jwk' });
    const pem = key.export({ type: 'spki', format: 'pem' }).toString();
    return [
      Buffer.from(pem),
      Buffer.from(pem.trim()),
      Buffer.from(pem.replaceAll('\n', '\r\n')),
      key.export({ type: 'spki', format: 'der' }),
      ...(key.asymmetricKeyType === 'rsa' ? [key.export({ type: 'pkcs1', format: 'der' })] : []),
      ...(key.asymmetricKeyType === 'rsa' ? [Buffer.from(key.export({ type: 'pkcs1', format: 'pem' }))] : []),
      Buffer.from(JSON.stringify(jwk)),
      ...[jwk.n, jwk.x]
        .filter((part) => part !== undefined)
        .flatMap((part) => [Buffer.from(part), Buffer.from(part, 'base64url')]),
    ];
  };

  it.each(['HS256', 'HS384', 'HS512'] as const)('is no secret for %s, in whatever form it is written', (alg) => {
    for (const published of jwks) {
      const algorithm = readJwk(published.export({ format: 'jwk' }), ['RS256', 'ES256', 'EdDSA'])!.algorithm;
      for (const form of forms(published)) {
        expect(judged(token(alg, { key: createSecretKey(form) }), keyFor(algorithm))).toBe('invalid_token');
      }
    }
  });

  it('cannot be tied to another algorithm', () => {
    expect(() => pinKey('k', 'HS256', rsa.publicKey)).toThrow('no key for HS256');
    expect(() => pinKey('k', 'RS256', SECRET)).toThrow('no key for RS256');
    expect(() => pinKey('k', 'RS256', rsa.privateKey)).toThrow('no key for RS256');
    expect(() => pinKey('k', 'ES256', rsa.publicKey)).toThrow('no key for ES256');
    expect(() => pinKey('k', 'EdDSA', ec.publicKey)).toThrow('no key for EdDSA');
    expect(() => pinKey('k', 'ES256', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)).toThrow();
    expect(() => pinKey('k', 'RS256', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)).toThrow();
    expect(() => pinKey('k', 'HS512', createSecretKey(Buffer.alloc(63)))).toThrow('no key for HS512');
  });
});

describe('a member of a JWKS', () => {
  const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'k' };

  it('without alg is taken for the one algorithm that is configured, never for one that the token names', () => {
    expect(readJwk(jwk, ['RS256'])).toMatchObject({ id: 'k', algorithm: 'RS256' });
    expect(readJwk(jwk, ['PS256', 'ES256'])).toMatchObject({ algorithm: 'PS256' });
    expect(readJwk(jwk, ['RS256', 'PS256'])).toBeNull();
    expect(readJwk(jwk, ['HS256'])).toBeNull();
    expect(readJwk(jwk, [])).toBeNull();
  });

  it.each([
    ['a secret', { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), alg: 'HS256' }],
    ['a secret that calls itself RS256', { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), alg: 'RS256' }],
    ['a private key', { ...rsa.privateKey.export({ format: 'jwk' }), kid: 'k' }],
    ['a key for encryption', { ...jwk, use: 'enc' }],
    ['a key that must not verify', { ...jwk, key_ops: ['encrypt'] }],
    ['key_ops that is no list', { ...jwk, key_ops: 'verify' }],
    ['an algorithm that is not configured', { ...jwk, alg: 'RS512' }],
    ['an algorithm of another kind of key', { ...jwk, alg: 'HS256' }],
    ['alg as a list', { ...jwk, alg: ['RS256'] }],
    ['a kid that is no text', { ...jwk, kid: 1 }],
    ['half a key', { kty: 'RSA', e: 'AQAB' }],
    ['a point that is not on the curve', { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' }],
    ['null', null],
    ['text', 'RSA'],
    ['a list', [jwk]],
  ])('is not taken: %s', (_, member) =>
    expect(
      readJwk(
        member,
        JWT_ALGORITHMS.filter((a) => a !== 'PS256'),
      ),
    ).toBeNull(),
  );
});

describe('an ES256 signature', () => {
  const N = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
  const ZERO = Buffer.alloc(32);
  const ONE = Buffer.concat([Buffer.alloc(31), Buffer.from([1])]);
  const numbers = [
    ZERO,
    ONE,
    N,
    Buffer.from(N.map((byte, at) => (at === 31 ? byte - 1 : byte))),
    Buffer.alloc(32, 255),
  ];

  it.each(numbers.flatMap((r) => numbers.map((s) => [r.toString('hex'), s.toString('hex')] as const)))(
    'is refused with r %s and s %s',
    (r, s) => {
      const signature = Buffer.from(r + s, 'hex');
      expect(judged(token('ES256', { signature }), keyFor('ES256'))).toBe('invalid_token');
    },
  );

  it('is refused in DER', () => {
    const [header, payload] = token('ES256').split('.');
    const der = sign('sha256', Buffer.from(`${header}.${payload}`), ec.privateKey).toString('base64url');
    expect(judged(`${header}.${payload}.${der}`, keyFor('ES256'))).toBe('invalid_token');
  });
});

describe('what a token claims', () => {
  const key = keyFor('EdDSA');
  const of = (claims: object, difference: Partial<JwtExpectations> = {}): string =>
    judged(token('EdDSA', { claims }), key, difference);

  it.each([
    ...['us/', 'u', 'xus', 'US', 'us\u0000', ' us', ''].map((iss) => ({ iss })),
    ...[['us'], ['us', 'evil'], null, undefined, { 0: 'us' }].map((iss) => ({ iss })),
    ...['th', 'THEM', 'them ', '', '*', null, undefined, [], ['other'], ['them', 1], { 0: 'them' }].map((aud) => ({
      aud,
    })),
    ...[null, undefined, '99999999999', 1e20, -1, [99999999999], NaN].map((exp) => ({ exp })),
    ...[null, undefined, 'yesterday', -1, SECONDS + 6].map((iat) => ({ iat })),
    ...[null, 'tomorrow', SECONDS + 6, {}].map((nbf) => ({ nbf })),
    ...[null, undefined, 1, '', ['ada']].map((sub) => ({ sub })),
    ...[1, '', {}].map((jti) => ({ jti })),
  ])('is refused: %j', (claims) => expect(of(claims)).toBe('invalid_token'));

  it('may name us among other audiences', () => expect(of({ aud: ['other', 'them'] })).toBe('ok'));

  it('may be off by the leeway and no more', () => {
    expect(of({ exp: SECONDS - 4 })).toBe('ok');
    expect(of({ exp: SECONDS - 5 })).toBe('token_expired');
    expect(of({ exp: SECONDS }, { expiryLeeway: 0 })).toBe('token_expired');
    expect(of({ exp: SECONDS + 1 }, { expiryLeeway: 0 })).toBe('ok');
    expect(of({ iat: SECONDS + 5, nbf: SECONDS + 5 })).toBe('ok');
  });

  it('is not called expired while anything else is wrong', () => {
    expect(of({ exp: 1, iss: 'other' })).toBe('invalid_token');
    expect(judged(token('EdDSA', { claims: { exp: 1 }, signature: Buffer.alloc(64) }), key)).toBe('invalid_token');
  });

  it('must be there when it is required', () => {
    expect(of({ tenant: 'a' }, { required: ['tenant'] })).toBe('ok');
    expect(of({}, { required: ['tenant'] })).toBe('invalid_token');
    expect(of({ exp: undefined, sub: undefined }, { required: ['iat'] })).toBe('ok');
  });
});

describe('a token of a foreign issuer', () => {
  const key = keyFor('RS256');
  const foreign = (header: object): ReturnType<typeof readCompactJwt> => {
    return readCompactJwt(token('RS256', { header }), 'foreign');
  };

  it('may come without typ, where that is expected, and with a thumbprint', () => {
    const jwt = foreign({ typ: undefined, x5t: 'AAAA' })!;
    expect(verifyJwt(jwt, key, { ...EXPECTED, types: [null] })).toMatchObject({ sub: 'ada' });
    expect(() => verifyJwt(jwt, key, EXPECTED)).toThrow(AuthError);
  });

  it.each([{ typ: null }, { kid: null }, { kid: 1 }, { crit: ['x5t'] }, { jwk: {} }, { x5c: [] }, { b64: false }])(
    'is unreadable with %j',
    (header) => expect(foreign(header)).toBeNull(),
  );
});

describe('a huge token', () => {
  it.each([
    ['15 000 dots', '.'.repeat(15_000)],
    ['64 KB', `eyJ${'A'.repeat(65_536)}.AAAA.AAAA`],
    ['1 MB', `eyJ${'A'.repeat(1_048_576)}.AAAA.AAAA`],
    ['1 MB of dots', 'eyJ.'.repeat(262_144)],
  ])('is refused before it is taken apart: %s', (_, text) => {
    const taking = [jest.spyOn(Buffer, 'from'), jest.spyOn(String.prototype, 'split'), jest.spyOn(JSON, 'parse')];
    const read = readCompactJwt(text);
    const taken = taking.map((spy) => spy.mock.calls.length);
    for (const spy of taking) spy.mockRestore();
    expect(read).toBeNull();
    expect(taken).toEqual([0, 0, 0]);
  });
});
