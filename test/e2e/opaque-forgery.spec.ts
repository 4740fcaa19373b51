import { randomUUID } from 'node:crypto';
import { formatOpaqueToken, newSecret, parseOpaqueToken, type OpaqueTokenUse } from '../../src/strategy/opaque-token';
import { PROFILES } from '../support/profiles';
import { useService, type SignedIn } from './service';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const USES: readonly OpaqueTokenUse[] = ['access', 'refresh'];
const PREFIX = { access: 'lk_at_', refresh: 'lk_rt_' };

const swapCase = (text: string) =>
  text.replace(/[a-z]/gi, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()));

describe.each(PROFILES)('a forged session token, $name', ({ settings, row }) => {
  const service = useService({ settings });
  const issues = { access: row.access_token === 'opaque', refresh: row.refresh_token === 'opaque' };

  async function expectRefused(use: OpaqueTokenUse, most: number, ...tokens: string[]): Promise<void> {
    for (const token of tokens) {
      let code = '';
      const reads = await service.app.reads(async () => {
        code = (use === 'access' ? await service.me(token) : await service.refresh(token)).code;
      });
      expect([token, code]).toEqual([token, use === 'access' ? 'invalid_token' : 'invalid_grant']);
      expect([token, reads <= most]).toEqual([token, true]);
    }
  }

  /** The login's own token where it has one of this kind, else one that could be. */
  function tokenOf({ grant, sessionId }: SignedIn, use: OpaqueTokenUse): string {
    if (issues[use]) return use === 'access' ? grant.access_token : grant.refresh_token;
    return formatOpaqueToken(use, { sessionId, secret: newSecret() });
  }

  async function isAlive({ grant }: SignedIn): Promise<boolean> {
    const answers = [await service.me(grant.access_token), await service.refresh(grant.refresh_token)];
    return answers.every(({ status }) => status === 200);
  }

  it.each(USES)('costs no read when a single character of the %s token is wrong', async (use) => {
    const login = await service.signedIn();
    const good = tokenOf(login, use);
    for (let at = 6; at < good.length; at += 1) {
      const next = ALPHABET[(ALPHABET.indexOf(good[at]!) + 1) % 62]!;
      await expectRefused(use, 0, good.slice(0, at) + next + good.slice(at + 1));
    }
    expect(await isAlive(login)).toBe(true);
  });

  it.each(USES)('costs no read when the %s token is misspelt', async (use) => {
    const good = tokenOf(await service.signedIn(), use);
    const body = good.slice(6);
    await expectRefused(
      use,
      0,
      PREFIX[use],
      'lk_',
      `lk_xx_${body}`,
      `LK_AT_${body}`,
      PREFIX[use] + swapCase(body),
      PREFIX[use] + body.toLowerCase(),
      PREFIX[use] + body.toUpperCase(),
      PREFIX[use] + body.slice(1),
      PREFIX[use] + body.slice(0, -1),
      `${PREFIX[use]}0${body}`,
      `${good}0`,
      `${good}=`,
      `${good}.${good}`,
      `${PREFIX[use]}${'z'.repeat(70)}`,
      `${PREFIX[use]}${'0'.repeat(70)}`,
      PREFIX[use] + body.replace(/.$/, '-'),
      PREFIX[use] + body.replace(/.$/, '_'),
      PREFIX[use] + body.replace(/.$/, '+'),
      good + good,
    );
  });

  it('has one spelling: a greater number with the same last bytes is another token', async () => {
    const good = tokenOf(await service.signedIn(), 'access');
    const value = [...good.slice(6)].reduce((sum, character) => sum * 62n + BigInt(ALPHABET.indexOf(character)), 0n);
    const greater = value + (1n << 416n);
    if (greater >= 62n ** 70n) return;
    let rest = greater;
    let spelt = '';
    for (let i = 0; i < 70; i += 1, rest /= 62n) spelt = ALPHABET[Number(rest % 62n)]! + spelt;
    await expectRefused('access', 0, `lk_at_${spelt}`);
  });

  it('serves one use alone, whatever is written in front', async () => {
    const login = await service.signedIn();
    const access = tokenOf(login, 'access');
    const refresh = tokenOf(login, 'refresh');
    await expectRefused('refresh', 0, access, `lk_rt_${access.slice(6)}`);
    await expectRefused('access', 0, refresh, `lk_at_${refresh.slice(6)}`);
    expect(await isAlive(login)).toBe(true);
  });

  it.each(USES)('needs the secret of this very login and use: %s', async (use) => {
    const [mine, theirs] = [await service.signedIn(), await service.signedIn()];
    const { secret } = parseOpaqueToken(use, tokenOf(mine, use))!;
    const other = use === 'access' ? 'refresh' : 'access';
    const { secret: ofOtherUse } = parseOpaqueToken(other, tokenOf(theirs, other))!;
    await expectRefused(
      use,
      2,
      formatOpaqueToken(use, { sessionId: theirs.sessionId, secret }),
      formatOpaqueToken(use, { sessionId: theirs.sessionId, secret: newSecret() }),
      formatOpaqueToken(use, { sessionId: theirs.sessionId, secret: ofOtherUse }),
      formatOpaqueToken(use, { sessionId: theirs.sessionId, secret: Buffer.alloc(32) }),
      formatOpaqueToken(use, { sessionId: randomUUID(), secret }),
      formatOpaqueToken(use, { sessionId: theirs.person.userId, secret }),
    );
    expect([await isAlive(mine), await isAlive(theirs)]).toEqual([true, true]);
  });

  it('is not the token of the session that is remembered beside it', async () => {
    const [mine, theirs] = [await service.signedIn(), await service.signedIn()];
    for (let i = 0; i < 3; i += 1) await service.me(theirs.grant.access_token);
    const { secret } = parseOpaqueToken('access', tokenOf(mine, 'access'))!;
    await expectRefused('access', 1, formatOpaqueToken('access', { sessionId: theirs.sessionId, secret }));
  });
});
