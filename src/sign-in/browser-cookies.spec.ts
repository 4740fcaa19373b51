import { Clock } from '../common/clock';
import type { Config } from '../config/config';
import { RootKeys } from '../keys/root-keys';
import { CookieScope } from './cookie-scope';
import { ReturnTargets } from './return-target';
import { SealedCookies } from './sealed-cookie';
import { SealedTexts } from './sealed-text';

class StoppedClock extends Clock {
  at = 1_000_000_000_000;
  override now(): number {
    return this.at;
  }
}

const SECRET = 'a root secret of thirty-two bytes and more';
const config = (publicUrl: string, returnTargets: string[] = []) =>
  ({ server: { publicUrl, basePath: '' }, environment: 'test', auth: { returnTargets } }) as unknown as Config;
const SERVER = config('https://login.example.com');
const OPTIONS = { maxAgeSeconds: 600, path: '/auth', sameSite: 'lax' } as const;

describe('a sealed cookie', () => {
  const clock = new StoppedClock();
  const cookies = new SealedCookies(new SealedTexts(new RootKeys(SECRET), clock), new CookieScope(SERVER));
  const kept = cookies.seal('one', { who: 'João' }, OPTIONS);
  const [pair = ''] = kept.split(';');

  it('opens to what was put into it, under its name', () => {
    expect(cookies.open('one', `a=b; ${pair}; c=d`)).toEqual({ who: 'João' });
    expect(kept).toMatch(/^__Secure-one=[^;]+; Max-Age=600; Path=\/auth; HttpOnly; Secure; SameSite=Lax$/);
    expect(pair).not.toContain(Buffer.from('who').toString('base64url'));
  });

  it('is never the same twice', () => {
    expect(cookies.seal('one', { who: 'João' }, OPTIONS)).not.toBe(kept);
  });

  it.each<[string, string | undefined]>([
    ['none', undefined],
    ['an empty header', ''],
    ['another name', pair.replace('one=', 'two=')],
    ['no value', '__Secure-one='],
    ['garbage', '__Secure-one=garbage'],
    ['the same name twice', `${pair}; ${pair}`],
    ['another spelling', `${pair}=`],
    ['another byte', pair.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
    ['another root', pair.replace(/=[\w-]{8}/, '=AAAAAAAA')],
  ])('does not open: %s', (_, header) => {
    expect(cookies.open('one', header)).toBeNull();
  });

  it('does not open under another name, even if it is moved there', () => {
    expect(cookies.open('two', pair.replace('one=', 'two='))).toBeNull();
  });

  it('opens under an earlier root secret, and not under a foreign one', () => {
    const rotated = new RootKeys('another root secret of thirty-two bytes', [SECRET]);
    const foreign = new RootKeys('another root secret of thirty-two bytes');
    const scope = new CookieScope(SERVER);
    expect(new SealedCookies(new SealedTexts(rotated, clock), scope).open('one', pair)).toEqual({ who: 'João' });
    expect(new SealedCookies(new SealedTexts(foreign, clock), scope).open('one', pair)).toBeNull();
  });

  it('ends', () => {
    clock.at += 600_000;
    expect(cookies.open('one', pair)).toBeNull();
    expect(cookies.clear('one', '/auth')).toMatch(
      /^__Secure-one=; Max-Age=0; Path=\/auth; HttpOnly; Secure; SameSite=Lax$/,
    );
  });
});

describe('where a browser may be sent', () => {
  const targets = new ReturnTargets(config('https://login.example.com', ['https://app.example.com/done']));

  it.each(['/', '/app', '/app?x=1&y=%2F', '/app#top', '/a/b-c_d.e~f', '/se%C3%A7%C3%A3o', '/app?next=//x'])(
    '%s',
    (target) => {
      expect(targets.check(target)).toBe(target);
    },
  );

  it('is exactly what is configured', () => {
    expect(targets.check('https://app.example.com/done')).toBe('https://app.example.com/done');
    for (const near of ['https://app.example.com/done/', 'https://app.example.com/done?x', 'https://app.example.com']) {
      expect(() => targets.check(near)).toThrow();
    }
  });

  it('is the start page when nothing is said', () => {
    expect([targets.check(undefined), targets.check('')]).toEqual(['/', '/']);
  });

  it.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '/a\\b',
    '/a//b',
    '/%2fevil.example',
    '/%2Fevil.example',
    '/%5cevil.example',
    '/%5Cevil.example',
    '/%09/evil.example',
    '/%0a/evil.example',
    '/%00',
    '/%252f',
    '/\t/evil.example',
    '/\r\nLocation: x',
    '/ ',
    ' /',
    '/\u00a0',
    '/\u3000',
    '/\uff0fevil.example',
    'app',
    '?x',
    '#x',
    'https://evil.example',
    'HTTPS://login.example.com@evil.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    '\u0000/',
    `/${'a'.repeat(2_048)}`,
  ])('is not %j', (target) => {
    expect(() => targets.check(target)).toThrow('Some of what was sent is not valid');
  });
});
