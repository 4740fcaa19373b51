import { createHash, createVerify, randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { generate } from 'otplib';
import { DEADLINE, type Answer } from '../support/http-client';
import { PROFILES } from '../support/profiles';
import * as forge from '../support/saml-forge';
import { EXPIRED_KEYS, IDP_KEYS, NEXT_KEYS, SERVICE_KEYS, STRANGER_KEYS } from '../support/saml-keys';
import { MINUTE } from '../support/test-app';
import { withClient } from '../support/test-database';
import { until } from '../support/until';
import { cookieHeader, corp, CORP, PUBLIC_URL, SamlBrowser, SLO_URL, SSO_URL, whoIs } from './saml-browser';
import { Service, useService, type Grant } from './service';

const APP = 'com.example.app:/cb';
const PERSON = {
  nameId: 'jose.conceicao@idp.example',
  attributes: forge.attribute('displayName', 'José Conceição') + forge.attribute('groups', 'editor', 'admin'),
};

describe.each(PROFILES)('signing in with SAML, $name', ({ settings, row }) => {
  const service = useService({
    settings: {
      ...settings,
      ...CORP,
      ...corp({ redirect_uris: [APP] }, 'app'),
      ...corp({ redirect_uris: [APP] }, 'other'),
    },
  });
  const browser = new SamlBrowser(service);

  it('makes an account at the first sign-in and finds it at the next', async () => {
    const first = await browser.signIn(PERSON, '?return_to=/app');
    expect(first.status).toBe(303);
    expect(first.headers.get('location')).toBe('/app');
    const there = await whoIs(service, first);
    expect(there?.me).toMatchObject({
      amr: ['fed'],
      user: { email: 'jose.conceicao@idp.example', name: 'José Conceição', roles: ['editor'] },
    });

    const again = await whoIs(service, await browser.signIn(PERSON));
    expect(again?.me.user.id).toBe(there?.me.user.id);
    expect(again?.token).not.toBe(there?.token);
  });

  it('reads an encrypted assertion', async () => {
    const begun = await browser.begin();
    const said = browser.said(begun, { nameId: 'ines@idp.example' });
    const inside = await forge.encrypted(forge.signed(forge.assertionXml(said), 'Assertion'));
    const answer = await browser.post(forge.responseXml(said, inside), begun);
    expect((await whoIs(service, answer))?.me.user.email).toBe('ines@idp.example');
  });

  it('lets one of fifty equal answers in', async () => {
    const begun = await browser.begin();
    const xml = forge.assertionSigned(browser.said(begun));
    // Signatures are verified one after the other.
    const answers = await Promise.all(Array.from({ length: 50 }, () => browser.post(xml, begun, 3 * DEADLINE)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 303));
    expect(answers.filter((answer) => answer.headers.get('location') === '/')).toHaveLength(1);
    expect(service.app.logged('federated_login_failed').at(-1)).toMatchObject({ reason: 'replayed', kind: 'corp' });
  });

  it('is 503 when the database goes away after the answer was proven, and lets nobody in with that answer later', async () => {
    const begun = await browser.begin();
    const xml = forge.assertionSigned(browser.said(begun, { nameId: 'unlucky@idp.example' }));
    await withClient(service.app.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query('LOCK TABLE federated_identities IN ACCESS EXCLUSIVE MODE');
      const arrived = browser.post(xml, begun);
      await until('the sign-in waits for the table', () =>
        withClient(service.app.database.url, async (other) => {
          const { rowCount } = await other.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name = 'latchkey' AND wait_event_type = 'Lock'`,
          );
          return rowCount === 1;
        }),
      );
      expect(await arrived).toMatchObject({ status: 503, code: 'unavailable' });
      await client.query('ROLLBACK');
    });
    const again = await browser.post(xml, begun);
    expect([again.status, await whoIs(service, again)]).toEqual([303, null]);
    expect(service.app.logged('federated_login_failed').at(-1)).toMatchObject({ reason: 'replayed', kind: 'corp' });
    const anew = await whoIs(service, await browser.signIn({ nameId: 'unlucky@idp.example' }));
    expect(anew?.me.user.email).toBe('unlucky@idp.example');
  });

  it('refuses an account that was disabled', async () => {
    const there = await whoIs(service, await browser.signIn({ nameId: 'gone@idp.example' }));
    const { id: userId, tenant_id: tenantId } = there!.me.user;
    await service.changes.disable({ tenantId, userId });
    const answer = await browser.signIn({ nameId: 'gone@idp.example' });
    expect(answer.headers.get('location')).toBe('/?error=account_disabled');
    await expect(whoIs(service, answer)).resolves.toBeNull();
  });

  it('ends the login of the session that ended at the provider, and no other', async () => {
    const one = await whoIs(service, await browser.signIn({ nameId: 'slo@idp.example', sessionIndex: '_one' }));
    const two = await whoIs(service, await browser.signIn({ nameId: 'slo@idp.example', sessionIndex: '_two' }));
    const answer = await browser.logout({ nameId: 'slo@idp.example', sessionIndex: '_one' });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toMatch(/^https:\/\/idp\.example\/slo\?SAMLResponse=.*&Signature=/);
    const ends = row.logout_takes_effect === 'at_once';
    expect((await service.me(one!.token)).status).toBe(ends ? 401 : 200);
    expect((await service.me(two!.token)).status).toBe(200);
  });

  it('ends a login that a second factor finished, when its session ends at the provider', async () => {
    const nameId = 'two-steps@idp.example';
    const { id: userId, tenant_id: tenantId } = (await whoIs(service, await browser.signIn({ nameId })))!.me.user;
    await service.changes.setMfaRequired({ tenantId, userId }, true);
    const enrolling = await browser.signIn({ nameId, sessionIndex: '_enrols' });
    const challenge = challengeIn(enrolling);
    const { body } = await service.http.post<{ secret: string }>('/auth/mfa/enrol/totp', { json: { challenge } });
    const code = await generate({ secret: body.secret });
    const enrolled = await service.http.post<Grant & { recovery_codes: string[] }>('/auth/mfa/enrol/totp/confirm', {
      json: { challenge, code },
    });
    const proving = challengeIn(await browser.signIn({ nameId, sessionIndex: '_proves' }));
    const [recoveryCode] = enrolled.body.recovery_codes;
    const proven = await service.http.post<Grant>('/auth/mfa/verify', {
      json: { challenge: proving, code: recoveryCode },
    });
    const ends = row.logout_takes_effect === 'at_once' ? 401 : 200;
    for (const [sessionIndex, { access_token: token }, others] of [
      ['_enrols', enrolled.body, [proven.body.access_token]],
      ['_proves', proven.body, []],
    ] as const) {
      expect((await service.me(token)).body.amr).toEqual(['fed', 'otp', 'mfa']);
      expect((await browser.logout({ nameId, sessionIndex })).status).toBe(303);
      expect((await service.me(token)).status).toBe(ends);
      for (const other of others) expect((await service.me(other)).status).toBe(200);
    }
  });

  describe('for an application that takes the login over', () => {
    const phone = new SamlBrowser(service, 'app');
    const verifier = randomBytes(32).toString('base64url');
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const asked = `?${new URLSearchParams({ redirect_uri: APP, code_challenge: challenge }).toString()}`;

    async function codeFor(difference: Partial<forge.Facts> = {}): Promise<string> {
      const answer = await phone.signIn({ nameId: 'phone@idp.example', ...difference }, asked);
      expect(cookieNames(answer).kept).toEqual([]);
      const location = new URL(answer.headers.get('location')!);
      expect([answer.status, `${location.protocol}${location.pathname}`]).toEqual([303, APP]);
      return location.searchParams.get('code')!;
    }

    const exchange = (code: string, difference: object = {}, provider = 'app') =>
      service.http.post<Grant>(`/auth/saml/${provider}/exchange`, {
        json: { code, code_verifier: verifier, redirect_uri: APP, ...difference },
      });

    it('gives tokens as JSON, once', async () => {
      const code = await codeFor({ ...PERSON, nameId: 'jose@phone.example', sessionIndex: '_app' });
      const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(code)));
      const [grant, ...more] = answers.filter(({ status }) => status === 200);
      expect([grant?.body.token_type, more]).toEqual(['Bearer', []]);
      expect(new Set(answers.map(({ status, code: error }) => (status === 200 ? 'in' : `${status} ${error}`)))).toEqual(
        new Set(['in', '401 federated_login_failed']),
      );
      const { access_token: token, refresh_token: refreshToken } = grant!.body;
      const me = await service.me(token);
      expect(me.body).toMatchObject({ amr: ['fed'], user: { name: 'José Conceição', roles: ['editor'] } });
      expect((await service.refresh(refreshToken)).status).toBe(200);
      const session = { nameId: 'jose@phone.example', sessionIndex: '_app' };
      expect((await phone.logout(session)).status).toBe(303);
      expect((await service.me(token)).status).toBe(row.logout_takes_effect === 'at_once' ? 401 : 200);
    });

    it('gives them to nobody else, and to nobody later', async () => {
      const code = await codeFor();
      const attempts: [object, string?][] = [
        [{ code_verifier: randomBytes(32).toString('base64url') }],
        [{ code_verifier: challenge }],
        [{ redirect_uri: 'com.example.app:/other' }],
        [{ code: `${code.slice(0, -2)}${code.endsWith('AA') ? 'BB' : 'AA'}` }],
        [{ code: code.slice(1) }],
        [{ code: 'x' }],
        [{}, 'other'],
      ];
      for (const [difference, provider] of attempts) {
        expect(await exchange(code, difference, provider)).toMatchObject({
          status: 401,
          code: 'federated_login_failed',
        });
      }
      expect(service.app.logged('federated_login_failed').at(-1)).toMatchObject({ reason: 'code', kind: 'other' });
      expect((await exchange(code)).status).toBe(200);
      const late = await codeFor();
      service.clock.advance(MINUTE);
      expect(await exchange(late)).toMatchObject({ status: 401, code: 'federated_login_failed' });
    });

    it('asks for the second factor in the answer to the exchange', async () => {
      const nameId = 'phone-in-two-steps@idp.example';
      const { body } = await exchange(await codeFor({ nameId }));
      await service.changes.setMfaRequired({ tenantId: body.user.tenant_id, userId: body.user.id }, true);
      const answer = await exchange(await codeFor({ nameId }));
      expect(answer).toMatchObject({ status: 401, code: 'mfa_required' });
      expect(answer.body).toMatchObject({ enrolment_required: true });
    });

    it('is sent back with an error where the provider is not believed', async () => {
      const begun = await phone.begin(asked);
      const answer = await phone.post(forge.assertionSigned(phone.said(begun, { audience: 'another' })), begun);
      expect(answer.headers.get('location')).toBe(`${APP}?error=federated_login_failed`);
      const wordy =
        forge.attribute('displayName', 'x'.repeat(900)) +
        forge.attribute('groups', ...Array<string>(400).fill('editor'));
      const long = await phone.signIn({ attributes: wordy }, asked);
      expect(long.headers.get('location')).toBe(`${APP}?error=federated_login_failed`);
      expect(service.app.logged('federated_login_failed').at(-1)).toMatchObject({ reason: 'too_long' });
    });

    it.each([
      ['no body', undefined],
      ['a list', []],
      ['no verifier', { code: 'x', redirect_uri: APP }],
      ['a verifier that is too short', { code: 'x', code_verifier: 'short', redirect_uri: APP }],
      ['a number for a code', { code: 1, code_verifier: verifier, redirect_uri: APP }],
      ['a list of codes', { code: ['x'], code_verifier: verifier, redirect_uri: APP }],
      ['nothing for a code', { code: null, code_verifier: verifier, redirect_uri: APP }],
      ['an address too many', { code: 'x', code_verifier: verifier, redirect_uri: APP, tenant_id: randomUUID() }],
    ])('is refused with %s', async (_, json) => {
      const answer = await service.http.post('/auth/saml/app/exchange', { json });
      expect([answer.status, answer.code]).toEqual([400, 'validation_failed']);
    });

    it.each([
      ['an address that is not listed', { redirect_uri: 'com.example.app:/cb2', code_challenge: challenge }],
      ['an address of another form', { redirect_uri: `${APP}/`, code_challenge: challenge }],
      ['no challenge', { redirect_uri: APP }],
      ['a challenge alone', { code_challenge: challenge }],
      ['a challenge that is no hash', { redirect_uri: APP, code_challenge: 'plain' }],
      ['a place to return to as well', { redirect_uri: APP, code_challenge: challenge, return_to: '/' }],
    ])('does not begin with %s', async (_, query) => {
      const answer = await service.http.get(`/auth/saml/app/login?${new URLSearchParams(query).toString()}`);
      expect([answer.status, answer.code]).toEqual([400, 'validation_failed']);
    });
  });

  it('signs out at the provider too, with a request that is signed and names the session', async () => {
    const signedIn = await browser.signIn({ nameId: 'leaver@idp.example', sessionIndex: '_leaves' });
    const there = await whoIs(service, signedIn);
    const left = await browser.leave(cookieHeader(signedIn), '?return_to=/goodbye');
    const location = new URL(left.headers.get('location')!);
    expect([left.status, location.origin + location.pathname]).toEqual([303, SLO_URL]);
    const request = inflateRawSync(Buffer.from(location.searchParams.get('SAMLRequest')!, 'base64')).toString();
    expect(request).toContain('<samlp:LogoutRequest ');
    expect(request).toContain(`Destination="${SLO_URL}"`);
    expect(request).toMatch(/<saml:NameID Format="[^"]*:emailAddress">leaver@idp\.example<\/saml:NameID>/);
    expect(request).toMatch(/SessionIndex[^>]*>_leaves</);
    expect(isSignedBy(location, SERVICE_KEYS.certificate)).toBe(true);
    expect(isSignedBy(location, STRANGER_KEYS.certificate)).toBe(false);
    expect((await service.me(there!.token)).status).toBe(row.logout_takes_effect === 'at_once' ? 401 : 200);
    const { kept } = cookieNames(signedIn);
    expect(kept).toHaveLength(2);
    expect(cookieNames(left).cleared).toEqual(kept);
    const form = { SAMLResponse: 'whatever it says', RelayState: location.searchParams.get('RelayState')! };
    const cookie = cookieHeader(left);
    expect((await browser.postAnswer(form)).headers.get('location')).toBe('/');
    const back = await browser.postAnswer(form, cookie);
    expect([back.status, back.headers.get('location')]).toEqual([303, '/goodbye']);
    const query = new URLSearchParams(form).toString();
    const again = await service.http.get(`${browser.path}/slo?${query}`, { headers: { cookie } });
    expect(again.headers.get('location')).toBe('/goodbye');
  });

  it('signs out here alone where the provider began no login of this browser', async () => {
    const { grant } = await service.signedIn();
    const headers = { authorization: `Bearer ${grant.access_token}` };
    const left = await browser.leave('', '?return_to=/goodbye', headers);
    expect([left.status, left.headers.get('location')]).toEqual([303, '/goodbye']);
    expect((await service.me(grant.access_token)).status).toBe(row.logout_takes_effect === 'at_once' ? 401 : 200);
    expect((await browser.leave('')).headers.get('location')).toBe('/');
  });

  it('signs nobody out by a link on a page of somebody else, and sends nobody to one', async () => {
    const signedIn = await browser.signIn({ nameId: 'stays@idp.example' });
    const there = await whoIs(service, signedIn);
    const cookie = cookieHeader(signedIn);
    expect(await browser.leave(cookie, '', { 'sec-fetch-site': 'cross-site' })).toMatchObject({
      status: 403,
      code: 'csrf_failed',
    });
    for (const target of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      const answer = await browser.leave(cookie, `?return_to=${encodeURIComponent(target)}`);
      expect([answer.status, answer.code]).toEqual([400, 'validation_failed']);
    }
    expect((await service.me(there!.token)).status).toBe(200);
    for (const query of ['?return_to=/a&return_to=/b', '?return_to[]=/a', '?tenant_id=x']) {
      expect((await browser.leave(cookie, query)).status).toBe(400);
    }
    expect((await service.me(there!.token)).status).toBe(200);
    expect((await service.http.get('/auth/saml/nobody/logout')).status).toBe(404);
  });
});

/** What stands behind the # where a second factor is asked for. */
function challengeIn({ headers }: Answer<unknown>): string {
  return new URLSearchParams((headers.get('location') ?? '').split('#')[1]).get('challenge') ?? '';
}

function isSignedBy(location: URL, certificate: string): boolean {
  const [signed, signature] = location.search.slice(1).split('&Signature=') as [string, string];
  const bytes = Buffer.from(decodeURIComponent(signature), 'base64');
  return createVerify('RSA-SHA256').update(signed).verify(new X509Certificate(certificate).publicKey, bytes);
}

/** Of the cookies that an answer gives and takes away. */
function cookieNames({ headers }: Answer<unknown>): { kept: string[]; cleared: string[] } {
  const [kept, cleared]: [string[], string[]] = [[], []];
  for (const line of headers.getSetCookie()) (/max-age=0/i.test(line) ? cleared : kept).push(line.split('=')[0]!);
  return { kept, cleared };
}

describe('an answer of a SAML provider', () => {
  const service = useService({
    settings: {
      ...CORP,
      ...corp({ idp_initiated: true }, 'portal'),
      ...corp({ 'idp.certificates': [EXPIRED_KEYS.certificate] }, 'stale'),
      ...corp({ 'idp.certificates': [IDP_KEYS.certificate, NEXT_KEYS.certificate] }, 'rolling'),
      'federation.saml.away.metadata_url': 'http://127.0.0.1:9/none',
      'federation.saml.away.allow_private_network': true,
      ...corp({ registration: 'closed' }, 'closed'),
      ...corp({ link_by_verified_email: true }, 'linking'),
      ...corp({ link_by_verified_email: true, email_verified: false }, 'unsure'),
      ...corp({ sign_requests: true, private_key: 'no key' }, 'broken'),
      ...corp(
        { sign_requests: true, name_id_format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent' },
        'signing',
      ),
    },
  });
  const browser = new SamlBrowser(service);
  const lastReason = () => service.app.logged('federated_login_failed').at(-1)?.reason;

  it('is asked for with a request that says who asks', async () => {
    const { location, request, requestId, relayState } = await new SamlBrowser(service, 'signing').begin();
    expect(`${location.origin}${location.pathname}`).toBe(SSO_URL);
    expect(location.searchParams.get('SigAlg')).toBe('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256');
    expect(request).toContain(`AssertionConsumerServiceURL="${PUBLIC_URL}/auth/saml/signing/acs"`);
    expect(request).toContain(`>${PUBLIC_URL}/auth/saml/signing/metadata<`);
    expect(relayState).toBe(requestId);
  });

  it('has metadata to be configured with', async () => {
    const { status, text, headers } = await service.http.get('/auth/saml/corp/metadata');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('application/samlmetadata+xml');
    expect(text).toContain(`Location="${PUBLIC_URL}/auth/saml/corp/acs"`);
    expect(text).toContain('WantAssertionsSigned="true"');
    expect(text).not.toContain('PRIVATE');
  });

  it('belongs to the browser that asked', async () => {
    const [mine, theirs] = [await browser.begin(), await browser.begin()];
    const xml = forge.assertionSigned(browser.said(theirs));
    const answer = await browser.post(xml, mine);
    expect(answer.headers.get('location')).toBe('/?error=federated_login_failed');
    expect(lastReason()).toBe('in_response_to');
    await browser.post(xml, { relayState: theirs.relayState });
    expect(lastReason()).toBe('other_browser');
    await browser.post(xml, { relayState: theirs.relayState, cookie: mine.cookie });
    expect(lastReason()).toBe('other_browser');
    await expect(whoIs(service, await browser.post(xml, theirs))).resolves.not.toBeNull();
  });

  it('comes within ten minutes', async () => {
    const begun = await browser.begin();
    service.clock.advance(11 * MINUTE);
    await browser.post(forge.assertionSigned(browser.said(begun)), begun);
    expect(lastReason()).toBe('other_browser');
  });

  it('is one that was asked for, unless the provider may speak first', async () => {
    await browser.post(forge.assertionSigned(browser.said({ requestId: '' })));
    expect(lastReason()).toBe('other_browser');

    const portal = new SamlBrowser(service, 'portal');
    const xml = forge.assertionSigned(portal.said({ requestId: '' }, { nameId: 'grace@idp.example' }));
    const answer = await portal.post(xml, { relayState: 'https://evil.example/' });
    expect(answer.headers.get('location')).toBe('/');
    await expect(whoIs(service, answer)).resolves.not.toBeNull();
    await portal.post(xml);
    expect(lastReason()).toBe('replayed');
    await portal.post(forge.assertionSigned(portal.said({ requestId: '_nobody' })));
    expect(lastReason()).toBe('in_response_to');
  });

  it('replaces whoever is signed in, with a login of its own', async () => {
    const before = await service.signedIn();
    const begun = await browser.begin();
    const cookie = `${begun.cookie}; lk_at=${before.grant.access_token}`;
    const answer = await browser.post(forge.assertionSigned(browser.said(begun)), { ...begun, cookie });
    const there = await whoIs(service, answer);
    expect(there?.me.session_id).not.toBe(before.sessionId);
    expect(there?.me.user.id).not.toBe(before.person.userId);
  });

  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/%09/evil.example',
    '/%5cevil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'https://latchkey.example@evil.example/',
    '/%2f%2fevil.example',
  ])('never sends the browser to a RelayState such as %j', async (relayState) => {
    const begun = await browser.begin();
    const answer = await browser.post(forge.assertionSigned(browser.said(begun)), { ...begun, relayState });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/?error=federated_login_failed');
    const login = await service.http.get(`/auth/saml/corp/login?return_to=${encodeURIComponent(relayState)}`);
    expect(login.code).toBe('validation_failed');
  });

  it('is refused by another instance, and after a restart, once it was used', async () => {
    const begun = await browser.begin();
    const xml = forge.assertionSigned(browser.said(begun));
    await browser.post(xml, begun);
    const other = new Service({ settings: CORP });
    await other.start({ database: service.app.database });
    other.clock.advance(service.clock.now() - other.clock.now());
    const answer = await new SamlBrowser(other).post(xml, begun);
    const reason = other.app.logged('federated_login_failed').at(-1)?.reason;
    await other.stop();
    expect([answer.headers.get('location'), reason]).toEqual(['/?error=federated_login_failed', 'replayed']);
  });

  it('may be signed with either key while the provider changes it, and with no other', async () => {
    const rolling = new SamlBrowser(service, 'rolling');
    for (const keys of [IDP_KEYS, NEXT_KEYS]) {
      const begun = await rolling.begin();
      const answer = await rolling.post(
        forge.assertionSigned(rolling.said(begun, { nameId: 'joan@idp.example' }), { keys }),
        begun,
      );
      expect(answer.headers.get('location')).toBe('/');
    }
    const begun = await rolling.begin();
    await rolling.post(forge.assertionSigned(rolling.said(begun), { keys: STRANGER_KEYS }), begun);
    expect(lastReason()).toBe('signature_invalid');
  });

  it('is not believed when the certificate is over', async () => {
    const stale = new SamlBrowser(service, 'stale');
    const begun = await stale.begin();
    await stale.post(forge.assertionSigned(stale.said(begun), { keys: EXPIRED_KEYS }), begun);
    expect(lastReason()).toBe('signature_invalid');
  });

  describe('with the address of somebody who has an account', () => {
    /** Somebody whose address is, or is not, verified here, and what a provider makes of an assertion with it. */
    async function meets(provider: string, verified: boolean) {
      const person = await service.person();
      await withClient(service.app.database.url, (client) =>
        client.query('UPDATE users SET email_verified_at = CASE WHEN $2 THEN now() END WHERE id = $1', [
          person.userId,
          verified,
        ]),
      );
      const answer = await new SamlBrowser(service, provider).signIn({ nameId: person.email });
      const who = await whoIs(service, answer);
      return { location: answer.headers.get('location'), isThem: who?.me.user.id === person.userId, person };
    }

    it('leads to it where both sides have verified it and the provider is trusted with that', async () => {
      const { isThem, person } = await meets('linking', true);
      expect(isThem).toBe(true);
      expect(service.app.logged('identity_linked').at(-1)).toMatchObject({ user_id: person.userId, kind: 'linking' });
    });

    it.each([
      ['it was never verified here', 'linking', false],
      ['the provider vouches for no address', 'unsure', true],
      ['the provider is not trusted with that', 'corp', true],
    ])('never does where %s', async (_, provider, verified) => {
      const { isThem, person } = await meets(provider, verified);
      expect(isThem).toBe(false);
      const linked = service.app.logged('identity_linked').filter((line) => line['user_id'] === person.userId);
      expect(linked).toEqual([]);
    });
  });

  it('makes no account where registration is closed', async () => {
    const answer = await new SamlBrowser(service, 'closed').signIn({ nameId: 'new@idp.example' });
    expect(answer.headers.get('location')).toBe('/?error=account_not_linked');
  });

  it('cannot be asked for at a provider that is away, and the others do not notice', async () => {
    const answer = await service.http.get('/auth/saml/away/login');
    expect([answer.status, answer.code]).toEqual([503, 'unavailable']);
    expect((await service.http.get('/auth/saml/broken/login')).code).toBe('unavailable');
    expect((await service.http.get('/auth/saml/nobody/login')).code).toBe('not_found');
    expect((await browser.signIn()).headers.get('location')).toBe('/');
  });

  it('is judged the same way over HTTP: wrapped and unsigned ones are refused', async () => {
    for (const [variant, reason] of [3, 4, 5, 6, 7, 8].map((number) => [number, 'structure'] as const)) {
      const begun = await browser.begin();
      const said = browser.said(begun);
      const answer = await browser.post(forge.wrapped(variant, forge.assertionSigned(said), said), begun);
      expect([variant, answer.headers.get('location'), lastReason()]).toEqual([
        variant,
        '/?error=federated_login_failed',
        reason,
      ]);
    }
  });

  it('never makes the service fail, whatever it is', async () => {
    const begun = await browser.begin();
    const xml = forge.assertionSigned(browser.said(begun));
    const base64 = Buffer.from(xml).toString('base64');
    const statuses = new Set<number>();
    for (let at = 0; at < base64.length; at += 23) {
      const damaged = [
        `${base64.slice(0, at)}${base64.slice(at + 1)}`,
        `${base64.slice(0, at)}\u00e9A==${base64.slice(at)}`,
      ];
      for (const SAMLResponse of damaged) {
        statuses.add((await browser.postForm({ SAMLResponse, RelayState: begun.relayState }, begun.cookie)).status);
      }
    }
    for (const form of [{}, { SAMLResponse: '' }, { SAMLResponse: 'A'.repeat(90_000), RelayState: begun.relayState }]) {
      statuses.add((await browser.postForm(form as Record<string, string>, begun.cookie)).status);
    }
    for (const query of ['', '?SAMLRequest=x', '?SAMLRequest=a&SAMLRequest=b', '?SAMLRequest=a&SigAlg=b&Signature=c']) {
      statuses.add((await service.http.get(`/auth/saml/corp/slo${query}`)).status);
    }
    expect([...statuses].sort()).toEqual([303, 400]);
  });

  describe('a request to sign out', () => {
    it('must be signed, fresh, for this service and new', async () => {
      const reasons: unknown[] = [];
      const attempts: Parameters<SamlBrowser['logout']>[1][] = [
        { unsigned: true },
        { keys: STRANGER_KEYS },
        { destination: 'https://other.example' },
        { issuer: 'https://other.example' },
        { age: 10 * MINUTE },
        { tampered: true },
      ];
      for (const attempt of attempts) {
        const answer = await browser.logout({ nameId: 'ada@idp.example', sessionIndex: '_s' }, attempt);
        reasons.push([answer.code, service.app.logs.findLast((line) => line.code === 'validation_failed')?.reason]);
      }
      expect(reasons).toEqual([
        ['validation_failed', 'signature_missing'],
        ['validation_failed', 'signature_invalid'],
        ['validation_failed', 'destination'],
        ['validation_failed', 'issuer'],
        ['validation_failed', 'issue_instant'],
        ['validation_failed', 'signature_invalid'],
      ]);
    });

    it('may come as a signed form, once', async () => {
      const there = await whoIs(service, await browser.signIn({ nameId: 'form@idp.example', sessionIndex: '_f' }));
      const xml = browser.logoutXml({ nameId: 'form@idp.example', sessionIndex: '_f' });
      expect((await browser.postLogout(xml)).code).toBe('validation_failed');
      const signed = forge.signed(xml, 'LogoutRequest');
      expect((await browser.postLogout(signed)).status).toBe(303);
      expect((await service.me(there!.token)).code).toBe('token_revoked');
      expect((await browser.postLogout(signed)).code).toBe('validation_failed');
    });
  });
});
