import { accessSync, constants } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

// Run as root it needs --no-sandbox; the rest keeps it from calling anybody but the pages that a test opens.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-dev-shm-usage',
];

/** An installed Chromium. A machine without one fails, and says what is missing. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: executable(), args: ARGUMENTS });
}

/** One that keeps what it is told in a directory, as a person's own does, and takes certificates that nobody vouches for. */
export function startPersonalBrowser(directory: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(directory, {
    executablePath: executable(),
    args: ARGUMENTS,
    ignoreHTTPSErrors: true,
  });
}

/** A virtual authenticator that verifies its user, as a telephone with a fingerprint does. */
export async function addAuthenticator(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

/** What a page does with the options of the service. */
export function createPasskey(page: Page, options: unknown): Promise<object> {
  return page.evaluate(async (json) => {
    const web = globalThis as unknown as BrowserGlobals;
    const publicKey = web.PublicKeyCredential.parseCreationOptionsFromJSON(json);
    return (await web.navigator.credentials.create({ publicKey })).toJSON();
  }, options);
}

export function answerWithPasskey(page: Page, options: unknown): Promise<object> {
  return page.evaluate(async (json) => {
    const web = globalThis as unknown as BrowserGlobals;
    const publicKey = web.PublicKeyCredential.parseRequestOptionsFromJSON(json);
    return (await web.navigator.credentials.get({ publicKey })).toJSON();
  }, options);
}

/** A port that was free a moment ago: the origin of passkeys is known before the service listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface BrowserGlobals {
  readonly PublicKeyCredential: {
    parseCreationOptionsFromJSON(json: unknown): unknown;
    parseRequestOptionsFromJSON(json: unknown): unknown;
  };
  readonly navigator: {
    readonly credentials: {
      create(options: object): Promise<{ toJSON(): object }>;
      get(options: object): Promise<{ toJSON(): object }>;
    };
  };
}

function executable(): string {
  const given = process.env['CHROMIUM'];
  const found = given ?? PLACES.find(isExecutable);
  if (!found) throw new Error('These tests need Chromium: apt-get install chromium, or name one in CHROMIUM');
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
