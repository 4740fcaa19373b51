import { report } from '../support/figures';
import { proofSize } from '../support/proof-size';
import { registerPeople, ServiceClient, type Person } from '../support/service-client';
import { startService, type ServiceProcess, type Settings } from '../support/service-process';
import { createTestDatabase, type TestDatabase } from '../support/test-database';

const GUESSES = proofSize({ reduced: 500, full: 10_000 });
const STREAMS = 8;
// As config/development.yaml has it.
const LOCKED_AFTER = 3;
const PER_ACCOUNT = 20;
const PER_ADDRESS = 20;
const WINDOW = 60_000;

const LIMITS: Settings = {
  LATCHKEY__AUTH__LIMITS__ENABLED: 'true',
  LATCHKEY__AUTH__LIMITS__STORE: 'postgres',
  LATCHKEY__SERVER__TRUSTED_PROXIES: '[127.0.0.1]',
};

let database: TestDatabase;
let processes: ServiceProcess[] = [];
let judgedBefore = 0;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await Promise.all(processes.map((service) => service.stop()));
  await database.drop();
  judgedBefore = 0;
}, 30_000);

async function start(settings: Settings): Promise<void> {
  const options = { databaseUrl: database.url, settings: { ...LIMITS, ...settings } };
  processes = await Promise.all([startService(options), startService(options)]);
}

async function restart(): Promise<void> {
  judgedBefore += judged();
  await Promise.all(processes.map((service) => service.stop()));
  await start({});
}

/** Passwords that were compared, in all processes. */
function judged(): number {
  const reasons = processes.flatMap((service) => service.logged('login_failed').map(({ reason }) => reason));
  return reasons.filter((reason) => reason === 'wrong_password' || reason === 'unknown_user').length;
}

async function person(): Promise<Person> {
  const client = new ServiceClient(processes[0]!.url);
  const [one] = await registerPeople(client, 1);
  client.close();
  return one as Person;
}

async function login(i: number, from: string, email: string, password: string): Promise<string> {
  const response = await fetch(`${processes[i % 2]!.url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': from },
    body: JSON.stringify({ email, password }),
  });
  const { code } = (await response.json()) as { code?: string };
  return code ?? String(response.status);
}

/** So many logins in parallel streams; the answers by code. */
async function guess(count: number, one: (i: number) => Promise<string>): Promise<Record<string, number>> {
  const codes: Record<string, number> = {};
  let next = 0;
  const stream = async (): Promise<void> => {
    while (next < count) {
      const code = await one(next++);
      codes[code] = (codes[code] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: STREAMS }, stream));
  return codes;
}

/** Another network each time. */
const addressOf = (i: number): string => `2001:db8:${(i >> 8).toString(16)}:${(i % 256).toString(16)}::1`;
const windows = (since: number): number => Math.floor((performance.now() - since) / WINDOW) + 2;

function tell(setting: string, answers: Record<string, number>, allowed: number): void {
  const promise = 'Guesses in eight streams over two processes: few are judged, across a restart too';
  const figures = { guesses: GUESSES, judged: judgedBefore + judged(), allowed, answers };
  report({ proof: 'guessing', promise, setting, figures });
}

describe('guessing passwords', () => {
  it('of one account from as many networks as guesses: no more are judged than lock it', async () => {
    await start({});
    const { email, password } = await person();
    const half = await guess(GUESSES / 2, (i) => login(i, addressOf(i), email, `guess ${i}`));
    await restart();
    const rest = await guess(GUESSES / 2, (i) => {
      // The right one is among them, and is refused like the others.
      return login(i, addressOf(GUESSES + i), email, i % 10 === 0 ? password : `another guess ${i}`);
    });
    tell('one account, many addresses', sum(half, rest), LOCKED_AFTER);
    expect(judgedBefore + judged()).toBeLessThanOrEqual(LOCKED_AFTER);
    expect(Object.keys(sum(half, rest)).sort()).toEqual(['account_locked', 'invalid_credentials', 'rate_limited']);
  }, 300_000);

  it('of one account that nothing locks: the limit of the account holds', async () => {
    await start({ LATCHKEY__AUTH__LOCKOUT__MAX_ATTEMPTS: '1000' });
    const { email } = await person();
    const began = performance.now();
    const answers = await guess(GUESSES, (i) => login(i, addressOf(i), email, `guess ${i}`));
    const allowed = PER_ACCOUNT * windows(began);
    tell('one account without a lock, many addresses', answers, allowed);
    expect(judged()).toBeLessThanOrEqual(allowed);
    expect(Object.keys(answers).sort()).toEqual(['invalid_credentials', 'rate_limited']);
  }, 300_000);

  it('of as many accounts as guesses from one network: the limit of the address holds', async () => {
    await start({});
    const began = performance.now();
    const from = (i: number): string => `2001:db8::${(i % 65_536).toString(16)}`;
    const answers = await guess(GUESSES, (i) => login(i, from(i), `person-${i}@example.com`, 'password1'));
    const allowed = PER_ADDRESS * windows(began);
    tell('many accounts, one IPv6 network', answers, allowed);
    expect(judged()).toBeLessThanOrEqual(allowed);
    expect(Object.keys(answers).sort()).toEqual(['invalid_credentials', 'rate_limited']);
  }, 300_000);
});

function sum(one: Record<string, number>, other: Record<string, number>): Record<string, number> {
  const codes = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...codes].map((code) => [code, (one[code] ?? 0) + (other[code] ?? 0)]));
}
