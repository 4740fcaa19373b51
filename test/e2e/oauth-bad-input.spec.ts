import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { FORM, oauthCaller, type OAuthCaller, type OAuthProblem } from '../support/oauth-caller';
import { PROFILES } from '../support/profiles';
import { dumpOf, SecretHunt } from '../support/secret-hunt';
import { expectRefusal } from './refusals';
import { useService } from './service';

const ROUTES = ['/oauth/token', '/oauth/introspect', '/oauth/revoke'];

/** Whatever is asked, this is no form as RFC 6749 wants it. */
const NO_FORM: readonly [string, string | Uint8Array][] = [
  ['a parameter twice', 'token=a&token=b'],
  ['a parameter twice, once without a value', 'token=&token=b'],
  ['a parameter twice in two spellings', 'token=a&%74oken=b'],
  ['the grant type twice', 'grant_type=client_credentials&grant_type=client_credentials'],
  ['a percent sign alone', 'token=%'],
  ['half an escape', 'token=%a'],
  ['an escape of nothing', 'token=%zz'],
  ['bytes that are not UTF-8', 'token=%ff%fe'],
  ['an overlong encoding', 'token=%c0%af'],
  ['an encoded surrogate', 'token=%ed%a0%80'],
  ['raw bytes', Buffer.from([0x74, 0x3d, 0xff, 0xfe])],
  ['raw UTF-8', 'token=é'],
  ['a NUL', 'token=a%00b'],
  ['a raw NUL', 'token=a\u0000b'],
  ['a line break', 'token=a%0d%0ab'],
  ['no name', '=a'],
  ['an empty part', 'token=a&&x=b'],
  ['a long name', `${'n'.repeat(65)}=a`],
  ['many parameters', Array.from({ length: 40 }, (_, i) => `p${i}=1`).join('&')],
  ['JSON', '{"token":"a"}'.replaceAll('"', '%0')],
  ['gzip', gzipSync('token=a')],
];

describe.each(PROFILES)('bad input of clients, $name', ({ settings }) => {
  const service = useService({ settings });
  let caller: OAuthCaller;

  beforeAll(async () => {
    caller = await oauthCaller(service.app, { tenants: [(await service.defaultTenant()).id] });
  });

  afterEach(() => {
    expect(service.app.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  const post = (path: string, raw: string | Uint8Array, headers: Record<string, string> = {}) =>
    service.http.post<OAuthProblem>(path, {
      raw,
      headers: { 'content-type': FORM, authorization: caller.basic, ...headers },
    });

  it.each(NO_FORM)('is refused on every route: %s', async (_, raw) => {
    for (const path of ROUTES) {
      const answer = await post(path, raw);
      expectRefusal(answer, 400);
      expect(answer.body.error).toBe('invalid_request');
    }
  });

  it('is refused: nothing where something is needed, and an empty value is nothing', async () => {
    for (const path of ROUTES) {
      for (const raw of ['', 'token=', 'grant_type=', 'other=x']) expectRefusal(await post(path, raw), 400);
    }
  });

  it('is refused: a body of another type', async () => {
    for (const type of [
      'application/json',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/xml',
      'a/b/c',
    ]) {
      for (const path of ROUTES) {
        const answer = await post(path, '{}', { 'content-type': type });
        expectRefusal(answer, 415);
        expect(answer.body.error).toBe('invalid_request');
      }
    }
  });

  it('is refused: more than 100 KiB, and parameters in the address', async () => {
    for (const path of ROUTES) {
      expectRefusal(await post(path, `token=${'x'.repeat(102_400)}`), 413);
      expectRefusal(await post(`${path}?token=x`, 'token=x'), 400);
      expectRefusal(await post(`${path}?client_id=${caller.id}`, 'token=x'), 400);
    }
  });

  it('is no form where JSON is asked for', async () => {
    expectRefusal(await post('/auth/login', 'email=a&password=b'), 415);
  });

  it('is refused, served or nothing new when nobody thought of it', async () => {
    const part = fc.oneof(
      fc.constantFrom('token', 'grant_type', 'client_credentials', 'tenant_id', 'client_id', 'client_secret', 'lk_at_'),
      fc.string({ unit: 'grapheme' }).map(encodeURIComponent),
      fc.string(),
    );
    const form = fc
      .array(
        fc.tuple(part, part).map((pair) => pair.join('=')),
        { maxLength: 5 },
      )
      .map((all) => all.join('&'));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ROUTES), form, async (path, raw) => {
        const answer = await post(path, raw);
        if (answer.status !== 200) expectRefusal(answer);
      }),
      { numRuns: 60 },
    );
  });

  it('is refused when it stands in the Authorization header', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme-ascii' }).filter((text) => [...text].every((character) => character >= ' ')),
        async (text) => {
          for (const value of [`Basic ${text}`, `Basic ${Buffer.from(text).toString('base64')}`]) {
            expectRefusal(await post('/oauth/introspect', 'token=x', { authorization: value.trim() }), 401);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('leaves no secret in the log, at any level, nor in the database', async () => {
    const { grant } = await service.signedIn();
    await post('/oauth/introspect', `token=${grant.access_token}&client_secret=${caller.secret}`);
    await post('/oauth/introspect', `token=${grant.access_token}`, { authorization: `Basic ${caller.secret}` });
    await post('/oauth/introspect', '', { authorization: `Basic ${caller.basic.slice(6)}x` });
    await caller.revoke(grant.refresh_token);
    await caller.token({ scope: caller.secret });
    const hunt = new SecretHunt();
    hunt.addToken('client secret', caller.secret);
    hunt.add('Basic credentials', caller.basic.slice(6));
    hunt.addToken('access token', grant.access_token);
    hunt.addToken('refresh token', grant.refresh_token);
    expect(hunt.findIn(JSON.stringify(service.app.logs))).toEqual([]);
    expect(hunt.findIn((await dumpOf(service.app.database.url)).text)).toEqual([]);
  });
});
