import { randomUUID } from 'node:crypto';
import { keyPairsOfSecret } from '../../src/keys/key-material';
import { KeyRing } from '../../src/keys/key-ring';
import { PROFILES } from '../support/profiles';
import { JWT_SECRET, MINUTE } from '../support/test-app';
import { base64url, CLAIMS, Forger, HEADERS, seal } from './forgery';
import { useService } from './service';

const USES = ['access', 'refresh'] as const;
type Use = (typeof USES)[number];

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe.each(PROFILES)('a forged JWT, $name', ({ settings }) => {
  const service = useService({ settings });
  let forgers: Record<Use, Forger>;

  beforeAll(async () => {
    forgers = { access: await Forger.of(service, 'access'), refresh: await Forger.of(service, 'refresh') };
  });

  async function judged(use: Use, token: string): Promise<string> {
    return (use === 'access' ? await service.me(token) : await service.refresh(token)).code;
  }

  /** Refused, for what it is, and without a question to the database. */
  async function expectRefused(use: Use, ...tokens: string[]): Promise<void> {
    for (const token of tokens) {
      let code = '';
      const reads = await service.app.reads(async () => {
        code = await judged(use, token);
      });
      expect([token, code, reads]).toEqual([token, use === 'access' ? 'invalid_token' : 'invalid_grant', 0]);
    }
  }

  it.each(USES)('is told from a good one: the %s token that is forged here is otherwise good', async (use) => {
    expect(await judged(use, forgers[use].good())).toBe('200');
  });

  it.each(USES)('is refused as %s token: another secret', async (use) => {
    await expectRefused(use, forgers[use].foreign(), forgers[use].foreign(''), forgers[use].foreign(`${JWT_SECRET}!`));
  });

  it.each(USES)('is refused as %s token: no signature', async (use) => {
    const [header, payload] = forgers[use].good().split('.') as [string, string];
    const none = base64url(JSON.stringify({ ...forgers[use].header, alg: 'none' }));
    await expectRefused(
      use,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${none}.${payload}.`,
      `${none}.${payload}.AA`,
    );
  });

  it.each(HEADERS)('is refused: %s', async (_, header) => {
    for (const use of USES) {
      const token = forgers[use].withHeader(header);
      await expectRefused(use, token, token.replace(/[^.]+$/, ''));
    }
  });

  it.each(CLAIMS)('is refused, though it is signed: %s', async (_, claims) => {
    for (const use of USES) await expectRefused(use, forgers[use].withClaims(claims));
  });

  it('is refused: the name of a key that goes with another algorithm', async () => {
    const keys = service.app.provider(KeyRing);
    const kid512 = idOf('HS512');
    expect(keys.find(kid512, 'access')?.algorithm).toBe('HS512');
    for (const use of USES) await expectRefused(use, forgers[use].withHeader({ kid: kid512 }));
  });

  it.each(USES)('is refused as %s token: names written twice', async (use) => {
    const { header, claims } = forgers[use];
    const text = JSON.stringify(claims);
    await expectRefused(
      use,
      forgers[use].raw({ header: JSON.stringify(header).replace('{', '{"alg":"none",') }),
      forgers[use].raw({ header: JSON.stringify(header).replace('}', ',"\\u0061lg":"HS256"}') }),
      forgers[use].raw({ payload: text.replace('{', `{"user_id":"${randomUUID()}",`) }),
      forgers[use].raw({ payload: text.replace('}', `,"tenant_\\u0069d":"${randomUUID()}"}`) }),
      forgers[use].raw({ payload: text.replace('{', '{"__proto__":{"roles":["admin"]},') }),
    );
  });

  it.each(USES)('is refused as %s token: what is no object', async (use) => {
    const texts = ['null', '1', '"text"', '[]', 'true', '', '{', `[${JSON.stringify(forgers[use].claims)}]`];
    for (const text of texts) {
      await expectRefused(use, forgers[use].raw({ payload: text }), forgers[use].raw({ header: text }));
    }
    const notUtf8 = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]).toString('latin1');
    await expectRefused(use, forgers[use].raw({ payload: notUtf8 }));
  });

  it.each(USES)('is refused as %s token: every other last character of the signature', async (use) => {
    const good = forgers[use].good();
    const others = [...BASE64URL].filter((character) => character !== good.at(-1));
    await expectRefused(use, ...others.map((character) => good.slice(0, -1) + character));
  });

  it.each(USES)('is refused as %s token: every part with one character changed', async (use) => {
    const parts = forgers[use].good().split('.');
    for (const [index, part] of parts.entries()) {
      for (const at of [0, Math.floor(part.length / 2), part.length - 1]) {
        const changed = part.slice(0, at) + (part[at] === 'A' ? 'B' : 'A') + part.slice(at + 1);
        await expectRefused(use, parts.with(index, changed).join('.'));
      }
    }
  });

  it.each(USES)('is refused as %s token: another spelling of a good one', async (use) => {
    const good = forgers[use].good();
    expect(await judged(use, good)).toBe('200');
    const [header, payload, signature] = good.split('.') as [string, string, string];
    await expectRefused(
      use,
      `${good}=`,
      `${good}==`,
      `${header}=.${payload}.${signature}`,
      `${good}.`,
      `.${good}`,
      `${good}.${signature}`,
      `${header}..${signature}`,
      `${header}.${payload}.${signature}A`,
      `${header}.${payload}.${signature}AAAA`,
      `${header}A.${payload}.${signature}`,
      `${header}.${payload}.${Buffer.from(signature, 'base64url').toString('hex')}`,
      good.replace('eyJ', 'eyj'),
    );
  });

  it('is refused: blanks around or inside a good one', async () => {
    const good = forgers.access.good();
    for (const authorization of [
      `Bearer ${good} x`,
      `Bearer ${good},${good}`,
      `Bearer ${good.replace('.', ' .')}`,
      `Bearer "${good}"`,
    ]) {
      const { code } = await service.http.get('/auth/me', { headers: { authorization } });
      expect(code).toBe('invalid_token');
    }
    await expectRefused(
      'refresh',
      ...[' ', '\t', '\n'].flatMap((blank) => {
        const token = forgers.refresh.good();
        return [blank + token, token + blank, token.replace('.', `${blank}.`)];
      }),
    );
  });

  it.each([
    { alg: 'dir', enc: 'A256GCM' },
    { alg: 'RSA-OAEP', enc: 'A256GCM', kid: 'unknown' },
    { alg: 'ECDH-ES', enc: 'A128CBC-HS256', epk: { kty: 'EC', crv: 'P-256' } },
    { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2_147_483_647, p2s: 'AAAA' },
    { alg: 'dir', enc: 'A256GCM', zip: 'DEF', cty: 'JWT' },
  ])('is refused: encrypted with %j', async (header) => {
    const encoded = base64url(JSON.stringify(header));
    for (const use of USES) {
      const inner = base64url(forgers[use].good());
      await expectRefused(
        use,
        `${encoded}..AAAA.${inner}.AAAA`,
        `${encoded}.AAAA.AAAA.${inner}.AAAA`,
        `${encoded}.${inner}.AAAA`,
      );
    }
  });

  it('is refused: a good one inside another', async () => {
    for (const use of USES) {
      const nested = seal(JSON.stringify(forgers[use].header), JSON.stringify(forgers[use].good()));
      await expectRefused(use, nested);
    }
  });

  it('is refused: one use for the other', async () => {
    await expectRefused('access', forgers.refresh.good(), forgers.refresh.withClaims({ aud: 'latchkey-api' }));
    await expectRefused('access', forgers.access.withClaims({ aud: 'latchkey:refresh' }));
    await expectRefused('refresh', forgers.access.good(), forgers.access.withClaims({ aud: 'latchkey:refresh' }));
    await expectRefused('refresh', forgers.refresh.withClaims({ aud: 'latchkey-api' }));
  });

  it('is told from an old one, which is only too old', async () => {
    const now = Math.floor(service.clock.now() / 1000);
    for (const exp of [now - 10, now - 900, 1, 0]) {
      expect(await judged('access', forgers.access.withClaims({ exp }))).toBe('token_expired');
      await expectRefused('refresh', forgers.refresh.withClaims({ exp }));
    }
    const good = forgers.access.withClaims({ exp: now + 900 });
    expect(await judged('access', good)).toBe('200');
    service.clock.advance(16 * MINUTE);
    expect(await judged('access', good)).toBe('token_expired');
  });

  it('is refused though the good one it resembles is remembered', async () => {
    const good = forgers.access.good();
    for (let i = 0; i < 3; i += 1) expect(await judged('access', good)).toBe('200');
    await expectRefused('access', `${good}=`, good.slice(0, -1), forgers.access.foreign());
  });

  it('gives no other account than the one it was signed for', async () => {
    const stranger = await service.person();
    const claims = { tenant_id: (await service.tenant()).id, user_id: stranger.userId };
    expect(await judged('refresh', forgers.refresh.withClaims(claims))).toBe('invalid_grant');
  });

  function idOf(algorithm: string): string {
    return keyPairsOfSecret(JWT_SECRET).find(({ verifying }) => verifying.algorithm === algorithm)!.verifying.id;
  }
});
