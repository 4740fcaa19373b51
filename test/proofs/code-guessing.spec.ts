import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from 'otplib';
import { report } from '../support/figures';
import { proofSize } from '../support/proof-size';
import { registerPeople, ServiceClient, type Grant, type Person } from '../support/service-client';
import { startService, type ServiceProcess, type Settings } from '../support/service-process';
import { createTestDatabase, type TestDatabase } from '../support/test-database';

const GUESSES = proofSize({ reduced: 400, full: 10_000 });
const STREAMS = 8;
/** A new login, and with it a new challenge, after so many guesses. */
const GUESSES_PER_CHALLENGE = 10;
/** `auth.mfa.max_attempts`; they are locked for fifteen minutes, longer than this takes. */
const JUDGED_AT_MOST = 5;

const LIMITS: Settings = {
  LATCHKEY__AUTH__LIMITS__ENABLED: 'true',
  LATCHKEY__AUTH__LIMITS__STORE: 'postgres',
  LATCHKEY__AUTH__LIMITS__ACCOUNT__POINTS: '100000',
  LATCHKEY__SERVER__TRUSTED_PROXIES: '[127.0.0.1]',
};

let database: TestDatabase;
let processes: ServiceProcess[] = [];
let judged = 0;
let requests = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  await start();
}, 60_000);

afterAll(async () => {
  await Promise.all(processes.map((service) => service.stop()));
  await database.drop();
}, 30_000);

async function start(): Promise<void> {
  const options = { databaseUrl: database.url, settings: LIMITS };
  processes = await Promise.all([startService(options), startService(options)]);
}

async function restart(): Promise<void> {
  judged += judgedNow();
  await Promise.all(processes.map((service) => service.stop()));
  await start();
}

function judgedNow(): number {
  return processes.flatMap((service) => service.logged('mfa_failed')).length;
}

/** From another network each time, at one process or the other. */
async function post(path: string, body: object, token?: string): Promise<Record<string, unknown> & { code: string }> {
  const i = requests++;
  const response = await fetch(`${processes[i % 2]!.url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': `2001:db8:${(i >> 8).toString(16)}:${(i % 256).toString(16)}::1`,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { ...answer, code: typeof answer['code'] === 'string' ? answer['code'] : String(response.status) };
}

/** A person with an authenticator application, and the recovery codes that came with it. */
async function enrolled(): Promise<{ person: Person; secret: string; recoveryCodes: string[] }> {
  const client = new ServiceClient(processes[0]!.url);
  const [person] = (await registerPeople(client, 1)) as [Person];
  client.close();
  const { access_token: token } = (await post('/auth/login', person)) as unknown as Grant;
  const { secret } = (await post('/auth/mfa/totp', {}, token)) as unknown as { secret: string };
  const confirmed = await post('/auth/mfa/totp/confirm', { code: await generate({ secret }) }, token);
  return { person, secret, recoveryCodes: confirmed['recovery_codes'] as string[] };
}

/** Logins of one account at once are a few at a time: whoever comes too soon comes again. */
async function challengeOf(person: Person): Promise<unknown> {
  for (;;) {
    const { challenge, code } = await post('/auth/login', person);
    if (challenge !== undefined) return challenge;
    if (code !== 'rate_limited') throw new Error(`The login was answered ${code}`);
    await sleep(5);
  }
}

async function guess(person: Person, count: number): Promise<Record<string, number>> {
  const answers: Record<string, number> = {};
  let next = 0;
  const stream = async (): Promise<void> => {
    let challenge: unknown;
    for (let mine = 0; next < count; mine++) {
      const guessed = next++;
      if (mine % GUESSES_PER_CHALLENGE === 0) challenge = await challengeOf(person);
      const code = String((guessed * 7919) % 1_000_000).padStart(6, '0');
      const answer = await post('/auth/mfa/verify', { challenge, code });
      answers[answer.code] = (answers[answer.code] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: STREAMS }, stream));
  return answers;
}

it('guessing codes in eight streams: the limit holds across challenges, processes and a restart', async () => {
  const { person, secret, recoveryCodes } = await enrolled();
  const before = await guess(person, GUESSES / 2);
  await restart();
  const after = await guess(person, GUESSES / 2);
  judged += judgedNow();
  report({
    proof: 'code-guessing',
    promise: 'Codes guessed in eight streams, with new challenges and across a restart: few are judged',
    setting: 'two processes, many addresses',
    figures: { guesses: GUESSES, judged, allowed: JUDGED_AT_MOST, before_restart: before, after_restart: after },
  });
  expect(judged).toBeLessThanOrEqual(JUDGED_AT_MOST);
  for (const code of Object.keys({ ...before, ...after })) {
    expect(['invalid_mfa_code', 'account_locked', 'rate_limited']).toContain(code);
  }
  // The right code is refused meanwhile; the owner gets in with a recovery code.
  const { challenge } = await post('/auth/login', person);
  const right = await post('/auth/mfa/verify', { challenge, code: await generate({ secret }) });
  expect(right.code).toBe('account_locked');
  expect((await post('/auth/mfa/verify', { challenge, code: recoveryCodes[0] })).code).toBe('200');
}, 300_000);
