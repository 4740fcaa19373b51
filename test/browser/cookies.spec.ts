import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { PASSWORD, Service, type Person } from '../e2e/service';
import { freePort, startBrowser, startPersonalBrowser } from '../support/browser';
import { emptyPages, Front, siteBefore, type Passage, type Scheme } from '../support/fronts';
import { PROFILES } from '../support/profiles';
import { HOUR } from '../support/test-app';

interface Seen {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

// What a browser does with a cookie depends on the scheme, not on the mode: each mode once. All modes: test/e2e/cookies.spec.ts.
const WAYS = (
  [
    ['http', 'stateful'],
    ['https', 'stateless, denylist'],
  ] as const
).flatMap(([scheme, mode]) => PROFILES.filter(({ name }) => name === mode).map((profile) => ({ scheme, ...profile })));
const NAMES: Readonly<Record<Scheme, readonly [access: string, refresh: string]>> = {
  http: ['lk_at', 'lk_rt'],
  https: ['__Host-lk_at', '__Secure-lk_rt'],
};

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
}, 60_000);

afterAll(() => browser?.close());

describe.each(WAYS)('cookies in Chromium over $scheme, $name', ({ scheme, settings }) => {
  const service = new Service({});
  const [access, refresh] = NAMES[scheme];
  const opened: BrowserContext[] = [];
  const passed: Passage[] = [];
  let front: Front;
  let elsewhere: Front;
  let origin: string;

  beforeAll(async () => {
    const port = await freePort();
    front = await Front.listen(scheme, siteBefore(port, scheme, passed));
    origin = front.origin('localhost');
    elsewhere = await Front.listen(scheme, emptyPages);
    await service.start({
      port,
      settings: { ...settings, 'server.public_url': origin, 'server.trusted_proxies': ['127.0.0.1'] },
    });
  }, 60_000);

  afterEach(async () => {
    for (const context of opened.splice(0)) await context.close();
  });

  afterAll(async () => {
    await Promise.all([front.close(), elsewhere.close()]);
    await service.stop();
  });

  async function visitor(): Promise<Page> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    opened.push(context);
    return visit(context);
  }

  /** A page of the service's own origin. */
  async function visit(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    return page;
  }

  async function signIn(page: Page, person: Person, difference: object = {}): Promise<Seen> {
    const { email, password } = person;
    return call(page, 'POST', '/auth/login', { email, password, transport: 'cookie', ...difference });
  }

  async function signedIn(): Promise<{ page: Page; person: Person }> {
    const person = await service.person();
    const page = await visitor();
    expect((await signIn(page, person)).status).toBe(200);
    return { page, person };
  }

  async function tokensOf(page: Page): Promise<Map<string, string>> {
    const cookies = await page.context().cookies(`${origin}/auth`);
    return new Map(cookies.map(({ name, value }) => [name, value]));
  }

  it('keep a login from the first call to the last, and no script reads them', async () => {
    const { page, person } = await signedIn();
    const kept = await page.context().cookies(`${origin}/auth`);
    expect(kept.map(({ name }) => name).sort()).toEqual([access, refresh].sort());
    for (const cookie of kept) {
      expect(cookie).toMatchObject({
        httpOnly: true,
        sameSite: 'Lax',
        secure: scheme === 'https',
        domain: 'localhost',
      });
    }
    expect(await page.evaluate('document.cookie')).toBe('');
    expect((await call(page, 'GET', '/auth/me')).body).toMatchObject({ user: { id: person.userId } });
    const before = await tokensOf(page);
    expect((await call(page, 'POST', '/auth/refresh')).status).toBe(200);
    const after = await tokensOf(page);
    for (const name of [access, refresh]) expect(after.get(name)).not.toBe(before.get(name));
    expect((await call(page, 'POST', '/auth/logout', {})).status).toBe(200);
    expect(await tokensOf(page)).toEqual(new Map());
    expect((await call(page, 'GET', '/auth/me')).body).toMatchObject({ code: 'missing_token' });
  });

  it('serve a page that refreshes silently, in two tabs at once', async () => {
    const { page, person } = await signedIn();
    const tabs = [page, await visit(page.context())];
    service.clock.advance(25 * HOUR);
    const seen = await Promise.all(tabs.map((tab) => callAndRefresh(tab, '/auth/me')));
    for (const { status, body } of seen) {
      expect(status).toBe(200);
      expect(body).toMatchObject({ user: { id: person.userId } });
    }
  });

  it('outlive the browser where they are to be remembered, and end with it where not', async () => {
    const person = await service.person();
    const afterRestart = async (remember: boolean): Promise<number> => {
      const home = mkdtempSync(path.join(tmpdir(), 'latchkey-browser-'));
      try {
        const first = await startPersonalBrowser(home);
        const page = await visit(first);
        expect((await signIn(page, person, { remember })).status).toBe(200);
        expect((await call(page, 'GET', '/auth/me')).status).toBe(200);
        await first.close();
        const second = await startPersonalBrowser(home);
        const { status } = await call(await visit(second), 'GET', '/auth/me');
        await second.close();
        return status;
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    };
    expect(await Promise.all([afterRestart(true), afterRestart(false)])).toEqual([200, 401]);
  });

  it('that were planted before a sign-in are worth nothing after it', async () => {
    const attacker = await signedIn();
    const victim = await service.person();
    const page = await visitor();
    await page.context().addCookies(await attacker.page.context().cookies(`${origin}/auth`));
    expect((await signIn(page, victim)).status).toBe(200);
    expect((await call(page, 'GET', '/auth/me')).body).toMatchObject({ user: { id: victim.userId } });
    expect((await call(attacker.page, 'GET', '/auth/me')).body).toMatchObject({ code: 'token_revoked' });
    expect((await call(attacker.page, 'POST', '/auth/refresh')).status).toBe(401);
  });

  describe.each([
    ['another port of the same host, whose requests carry the cookies', 'localhost', true],
    ['another site, whose requests carry none', '127.0.0.1', false],
  ] as const)('a page of %s', (_, host, carriesCookies) => {
    let person: Person;
    let page: Page;
    let attack: Page;
    let before: Map<string, string>;

    // Somebody who is signed in opens a page of an attacker in the same browser.
    beforeAll(async () => {
      ({ page, person } = await signedIn());
      opened.splice(0);
      before = await tokensOf(page);
    });

    beforeEach(async () => {
      attack = await page.context().newPage();
      await attack.goto(`${elsewhere.origin(host)}/`);
      passed.length = 0;
    });

    afterEach(async () => {
      expect(await tokensOf(page)).toEqual(before);
      expect((await call(page, 'GET', '/auth/me')).body).toMatchObject({ user: { id: person.userId } });
    });

    afterAll(() => page.context().close());

    it.each([
      ['/auth/logout', 'missing_token'],
      ['/auth/ticket', 'missing_token'],
      ['/auth/refresh', 'validation_failed'],
    ])('gets nothing done by a request to %s that asks no leave', async (target, codeWithout) => {
      await expect(attack.evaluate(blindPost, origin + target)).rejects.toThrow('Failed to fetch');
      const { cookie, answer } = arrived('POST', target);
      expect(cookie.includes(`${access}=`)).toBe(carriesCookies);
      expect(JSON.parse(answer)).toMatchObject({ code: carriesCookies ? 'csrf_failed' : codeWithout });
    });

    it.each(['/auth/logout', '/auth/login'])('gets nothing done by a form for %s', async (target) => {
      const { email, password } = await service.person({ password: `${PASSWORD}=` });
      const login = JSON.stringify({ email, transport: 'cookie', password });
      await Promise.all([
        attack.waitForResponse(origin + target),
        attack.evaluate(postForm, { action: origin + target, login }),
      ]);
      expect(arrived('POST', target).status).toBeGreaterThanOrEqual(400);
    });

    it.each([
      ['GET', '/auth/me'],
      ['DELETE', '/auth/sessions'],
      ['POST', '/auth/login'],
    ])('is not let by the browser to %s %s', async (method, target) => {
      const { email, password } = person;
      const json = method === 'POST' ? { email, password, transport: 'cookie' } : undefined;
      await expect(call(attack, method, origin + target, json)).rejects.toThrow('Failed to fetch');
    });
  });

  /** The one request of an attack that the service saw. */
  function arrived(method: string, url: string): Passage {
    const found = passed.filter((passage) => passage.method === method && passage.url === url);
    expect(found).toHaveLength(1);
    return found[0]!;
  }
});

/** What a page does, with whatever cookies its browser adds. */
function call(page: Page, method: string, target: string, json?: object): Promise<Seen> {
  return page.evaluate(
    async ([verb, url, body]) => {
      const headers = body === undefined ? undefined : { 'Content-Type': 'application/json' };
      const answer = await fetch(url, { method: verb, body, headers, credentials: 'include' });
      const text = await answer.text();
      return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Seen['body'] };
    },
    [method, target, json && JSON.stringify(json)] as const,
  );
}

/** As the guide on cookies shows it. */
async function callAndRefresh(page: Page, target: string): Promise<Seen> {
  const answer = await call(page, 'GET', target);
  if (answer.status !== 401) return answer;
  const refreshed = await call(page, 'POST', '/auth/refresh');
  return refreshed.status === 200 ? call(page, 'GET', target) : answer;
}

/** Runs in the page: sent without asking leave, though the page does not see what comes back. */
async function blindPost(url: string): Promise<void> {
  await fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include' });
}

/** Runs in the page: a form needs no leave, and as plain text its `name=value` is JSON when it is cut at an equals sign. */
function postForm({ action, login }: { action: string; login: string }): void {
  const { document } = globalThis as unknown as { document: PageDocument };
  const form = document.createElement('form');
  const input = document.createElement('input');
  const [name, value] = login.split('=');
  Object.assign(form, { method: 'POST', action, enctype: 'text/plain' });
  Object.assign(input, { name, value });
  form.append(input);
  document.body.append(form);
  form.submit();
}

interface PageElement {
  append(child: PageElement): void;
  submit(): void;
}

interface PageDocument {
  readonly body: PageElement;
  createElement(name: 'form' | 'input'): PageElement;
}
