import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { hideSecrets, presentedCredential } from './credential';
import { MessageBudget } from './message-budget';
import { judgeOrigin } from './origins';

const LISTED = ['https://app.example.com'];

describe('the origin of a handshake', () => {
  it.each<[string, IncomingHttpHeaders, boolean, string]>([
    ['a listed one', { origin: 'https://app.example.com', host: 'api.example.com' }, false, 'allowed'],
    ['where the request was sent to', { origin: 'https://api.example.com', host: 'api.example.com' }, false, 'allowed'],
    ['the same with its port', { origin: 'http://localhost:4000', host: 'localhost:4000' }, false, 'allowed'],
    ['one that the browser vouches for', { 'sec-fetch-site': 'same-origin', host: 'a.example' }, false, 'allowed'],
    ['none', { host: 'api.example.com' }, false, 'absent'],
    ['none, from another site', { 'sec-fetch-site': 'cross-site', host: 'a.example' }, false, 'absent'],
    ['another', { origin: 'https://evil.example', host: 'api.example.com' }, false, 'foreign'],
    ['one that begins alike', { origin: 'https://app.example.com.evil.example', host: 'a' }, false, 'foreign'],
    ['a listed one without TLS', { origin: 'http://app.example.com', host: 'api.example.com' }, false, 'foreign'],
    ['a listed one in capitals', { origin: 'HTTPS://APP.EXAMPLE.COM', host: 'api.example.com' }, false, 'foreign'],
    ['another port', { origin: 'https://api.example.com:8443', host: 'api.example.com' }, false, 'foreign'],
    ['a sandboxed page', { origin: 'null', host: 'api.example.com' }, false, 'foreign'],
    ['nothing at all', { origin: '', host: '' }, false, 'foreign'],
    ['a scheme without a host', { origin: 'file:///', host: '' }, false, 'foreign'],
    ['the same host in plain HTTP under TLS', { origin: 'http://a.example', host: 'a.example' }, true, 'foreign'],
    [
      'the same host in plain HTTP behind a proxy with TLS',
      { origin: 'http://a.example', host: 'a.example', 'x-forwarded-proto': 'https' },
      false,
      'foreign',
    ],
  ])('%s', (_, headers, encrypted, verdict) => {
    expect(judgeOrigin(headers, LISTED, encrypted)).toBe(verdict);
  });
});

describe('what a handshake presents', () => {
  const request = (url: string, headers: IncomingHttpHeaders = {}) => ({ url, headers }) as IncomingMessage;
  const every = { cookieName: 'access', queryToken: true };
  const all = { authorization: 'Bearer h', cookie: 'access=c' };

  it('is looked for in the header, the payload, the cookie, then the address', () => {
    const url = '/?ticket=t&access_token=q';
    const payload = { token: 'p' };
    expect(presentedCredential(request(url, all), every, payload)?.value).toBe('h');
    expect(presentedCredential(request(url, { cookie: 'access=c' }), every, payload)?.value).toBe('p');
    expect(presentedCredential(request(url, { cookie: 'b=1; access=c' }), every)?.value).toBe('c');
    expect(presentedCredential(request(url), every)).toMatchObject({ kind: 'ticket', value: 't' });
    expect(presentedCredential(request('/?access_token=q'), every)).toMatchObject({ kind: 'token', value: 'q' });
  });

  it('needs no known page only where no page can make a browser send it', () => {
    const needs = (url: string, headers?: IncomingHttpHeaders, payload?: object) =>
      presentedCredential(request(url, headers), every, payload)?.needsOrigin;
    expect([needs('/', all), needs('/', {}, { token: 'p' })]).toEqual([false, false]);
    expect([needs('/', { cookie: 'access=c' }), needs('/?ticket=t'), needs('/?access_token=q')]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('is nothing where cookies and tokens in the address are not looked at', () => {
    expect(presentedCredential(request('/?access_token=q', { cookie: 'access=c' }), {})).toBeNull();
  });

  it.each(['/?ticket=', '/?ticket=a&ticket=b', '/?access_token=a&access_token=b', `/?ticket=${'x'.repeat(9000)}`])(
    'is malformed: %.40s',
    (url) => {
      expect(() => presentedCredential(request(url), every)).toThrow('malformed');
    },
  );

  it('is taken out of the address that others may log', () => {
    expect(hideSecrets('/room?ticket=t&a=1')).toBe('/room?a=1');
    expect(hideSecrets('/room?access_token=t')).toBe('/room');
    expect(hideSecrets('/room?a=%20b')).toBe('/room?a=%20b');
    expect(hideSecrets(undefined)).toBe('');
  });
});

describe('the budget of messages', () => {
  it('allows a burst, then what is earned by the second, and never more for waiting', () => {
    const budget = new MessageBudget(10, 0);
    const spent = (now: number) => Array.from({ length: 200 }, () => budget.spend(now)).filter(Boolean).length;
    expect(spent(0)).toBe(100);
    expect(spent(500)).toBe(5);
    expect(spent(1_000_000)).toBe(100);
    expect(spent(0)).toBe(0);
  });
});
