import type { Browser, Page } from 'playwright-core';
import { Service, type Grant, type Person } from '../e2e/service';
import { addAuthenticator, answerWithPasskey, createPasskey, freePort, startBrowser } from '../support/browser';
import { PROFILES } from '../support/profiles';

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
}, 60_000);

afterAll(() => browser?.close());

describe.each(PROFILES)('passkeys in Chromium, $name', ({ settings }) => {
  const service = new Service({});
  let page: Page;

  beforeAll(async () => {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    await service.start({ port, settings: { ...settings, 'server.public_url': origin } });
    page = await browser.newPage();
    await addAuthenticator(page);
    await page.goto(`${origin}/auth/mode`);
  }, 60_000);

  afterAll(async () => {
    await page?.close();
    await service.stop();
  });

  async function ownerOfPasskey(): Promise<Person> {
    const { person, grant } = await service.signedIn();
    const token = grant.access_token;
    const { body } = await service.http.post<object>('/auth/mfa/passkeys/options', { token });
    const json = { passkey: await createPasskey(page, body), name: 'This laptop' };
    const added = await service.http.post('/auth/mfa/passkeys', { token, json });
    expect(added.status).toBe(201);
    return person;
  }

  it('are made, and sign in without a password or a name', async () => {
    const person = await ownerOfPasskey();
    const options = await service.http.post<object>('/auth/passkey/options', { json: {} });
    const passkey = await answerWithPasskey(page, options.body);
    const { status, body } = await service.http.post<Grant>('/auth/passkey/login', { json: { passkey } });
    expect(status).toBe(200);
    expect(body.user.id).toBe(person.userId);
    expect((await service.me(body.access_token)).body.amr).toEqual(['pop', 'mfa']);
  });

  it('are a second factor after the password, and for a step-up', async () => {
    const person = await ownerOfPasskey();
    const { challenge } = (await service.login(person)).body as unknown as { challenge: string };
    const asked = await service.http.post<object>('/auth/mfa/passkey-options', { json: { challenge } });
    const json = { challenge, passkey: await answerWithPasskey(page, asked.body) };
    const { status, body: grant } = await service.http.post<Grant>('/auth/mfa/verify', { json });
    expect(status).toBe(200);
    const token = grant.access_token;
    const again = await service.http.post<object>('/auth/step-up/passkey-options', { token });
    const proof = { refresh_token: grant.refresh_token, passkey: await answerWithPasskey(page, again.body) };
    expect((await service.http.post('/auth/step-up', { token, json: proof })).status).toBe(200);
  });
});
