import { createHash, randomBytes } from 'node:crypto';
import { PROFILES } from '../support/profiles';
import { NEXT_KEYS, IDP_KEYS, SERVICE_KEYS } from '../support/saml-keys';
import { SamlIdentityProvider } from '../support/saml-provider';
import { HOUR, MINUTE } from '../support/test-app';
import { cookieHeader, corp, PUBLIC_URL, SamlBrowser, whoIs, type Begun } from './saml-browser';
import { Service, type Grant } from './service';

const APP = 'com.example.app:/cb';
const CLAIMS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';

describe.each(PROFILES)('signing in at a real identity provider, $name', ({ settings, row }) => {
  let provider: SamlIdentityProvider;
  const service = new Service({});
  const browser = new SamlBrowser(service, 'real');

  beforeAll(async () => {
    provider = await SamlIdentityProvider.start(`${PUBLIC_URL}/auth/saml/real/acs`);
    provider.participant = {
      entityId: `${PUBLIC_URL}/auth/saml/real/metadata`,
      sloUrl: `${PUBLIC_URL}/auth/saml/real/slo`,
    };
    const real = {
      'federation.saml.real.metadata_url': `${provider.url}/metadata`,
      'federation.saml.real.allow_private_network': true,
      'federation.saml.real.decryption_key': SERVICE_KEYS.key,
      'federation.saml.real.private_key': SERVICE_KEYS.key,
      'federation.saml.real.certificate': SERVICE_KEYS.certificate,
      'federation.saml.real.attributes.email': `${CLAIMS}/emailaddress`,
      'federation.saml.real.attributes.name': `${CLAIMS}/name`,
      'federation.saml.real.email_verified': true,
      'federation.saml.real.registration': 'open',
      'federation.saml.real.redirect_uris': [APP],
    };
    await service.start({ settings: { ...settings, 'server.public_url': PUBLIC_URL, ...real, ...corp({}, 'other') } });
  });
  afterAll(async () => {
    await service.stop();
    await provider.stop();
  });

  /** The form that the page of the provider posts by itself. */
  async function answered(begun: Begun): Promise<Record<string, string>> {
    const page = await (await fetch(begun.location)).text();
    const value = (name: string) => new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(page)?.[1] ?? '';
    return { SAMLResponse: value('SAMLResponse'), RelayState: value('RelayState') };
  }

  async function signIn() {
    const begun = await browser.begin();
    return browser.postForm(await answered(begun), begun.cookie);
  }

  it.each([
    ['an assertion that is signed', {}],
    ['an encrypted assertion', { encrypts: true }],
    ['a signed response around a signed assertion', { signsResponse: true }],
    ['an encrypted assertion in a signed response', { encrypts: true, signsResponse: true }],
  ])('works with %s', async (_, how) => {
    Object.assign(provider, { encrypts: false, signsResponse: false }, how);
    const there = await whoIs(service, await signIn());
    expect(there?.me.user).toMatchObject({ email: 'maria@idp.example', name: 'Maria Gonçalves Araújo' });
    expect(there?.me.amr).toEqual(['fed']);
  });

  it('gives an application tokens as JSON, with a name and an address that are as they were', async () => {
    const verifier = randomBytes(32).toString('base64url');
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const asked = new URLSearchParams({ redirect_uri: APP, code_challenge: challenge });
    const begun = await browser.begin(`?${asked.toString()}`);
    const back = await browser.postForm(await answered(begun), begun.cookie);
    const code = new URL(back.headers.get('location')!).searchParams.get('code');
    const json = { code, code_verifier: verifier, redirect_uri: APP };
    const grant = await service.http.post<Grant>('/auth/saml/real/exchange', { json });
    expect(grant.body).toMatchObject({
      token_type: 'Bearer',
      user: { email: 'maria@idp.example', name: 'Maria Gonçalves Araújo' },
    });
    expect((await service.refresh(grant.body.refresh_token)).status).toBe(200);
  });

  it('signs out there too, and comes back to where the browser wanted to go', async () => {
    const signedIn = await signIn();
    const there = await whoIs(service, signedIn);
    const left = await browser.leave(cookieHeader(signedIn), '?return_to=/goodbye');
    const page = await (await fetch(left.headers.get('location')!)).text();
    const value = (name: string) => new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(page)?.[1] ?? '';
    const form = { SAMLResponse: value('SAMLResponse'), RelayState: value('RelayState') };
    expect(Buffer.from(form.SAMLResponse, 'base64').toString()).toContain('status:Success');
    const back = await browser.postAnswer(form, cookieHeader(left));
    expect([back.status, back.headers.get('location')]).toEqual([303, '/goodbye']);
    expect((await service.me(there!.token)).status).toBe(row.logout_takes_effect === 'at_once' ? 401 : 200);
  });

  it('follows a change of keys that the metadata tell, at once, and forgets the old one', async () => {
    Object.assign(provider, { keys: NEXT_KEYS, published: [NEXT_KEYS] });
    service.clock.advance(MINUTE);
    expect((await signIn()).headers.get('location')).toBe('/');
    Object.assign(provider, { keys: IDP_KEYS });
    expect((await signIn()).headers.get('location')).toBe('/?error=federated_login_failed');
    Object.assign(provider, { keys: NEXT_KEYS });
  });

  it('asks for metadata no more than once in half a minute, whatever comes', async () => {
    const reads = provider.metadataReads;
    Object.assign(provider, { keys: IDP_KEYS });
    for (let count = 0; count < 5; count += 1) await signIn();
    expect(provider.metadataReads - reads).toBeLessThanOrEqual(1);
    Object.assign(provider, { keys: NEXT_KEYS });
  });

  it('goes on with what it knows while the metadata cannot be read', async () => {
    const begun = await browser.begin();
    const form = await answered(begun);
    Object.assign(provider, { reachable: false });
    expect((await browser.postForm(form, begun.cookie)).headers.get('location')).toBe('/');
    service.clock.advance(2 * HOUR);
    expect((await service.http.get('/auth/saml/real/login')).status).toBe(303);
    Object.assign(provider, { reachable: true });
  });
});
