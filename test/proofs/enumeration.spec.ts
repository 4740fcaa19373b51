import { percentile, report } from '../support/figures';
import { proofSize } from '../support/proof-size';
import { expecting, registerPeople, ServiceClient, type Person } from '../support/service-client';
import { startService, type ServiceProcess } from '../support/service-process';
import { StatementLog } from '../support/statement-log';

const SAMPLES = proofSize({ reduced: 20, full: 200 });
const KNOWN = 20;

let database: StatementLog;
let service: ServiceProcess;
let client: ServiceClient;
let people: Person[];

beforeAll(async () => {
  database = await StatementLog.start();
  // Locked out is not what is compared here.
  const settings = { LATCHKEY__AUTH__SESSION__MAX_LOGIN_ATTEMPTS: '1000' };
  service = await startService({ databaseUrl: database.url, settings });
  client = new ServiceClient(service.url);
  people = await registerPeople(client, KNOWN);
}, 60_000);

afterAll(async () => {
  client.close();
  await service.stop();
  await database.stop();
}, 30_000);

/** What an outsider can ask with an address alone. */
const QUESTIONS: readonly (readonly [string, (email: string) => Promise<unknown>])[] = [
  ['forgot', (email) => expecting(202, client.forgot(email))],
  ['login', (email) => expecting(401, client.login({ email, password: 'a wrong password' }))],
];

describe.each(QUESTIONS)('an address that is known and one that is not: %s', (name, ask) => {
  const known = (i: number): string => (people[i % people.length] as Person).email;
  const unknown = (i: number): string => `nobody-${i % KNOWN}@example.com`;

  it('cost the same statements; the medians of their times are reported', async () => {
    // Both in turn, so that whatever else the machine does reaches both.
    await inTurn(3);
    const { knownOnes, unknownOnes } = await inTurn(SAMPLES);
    const counted = { known: await statements(known), unknown: await statements(unknown) };
    const [there, absent] = [percentile(knownOnes, 0.5), percentile(unknownOnes, 0.5)];
    report({
      proof: 'enumeration',
      promise: 'A known and an unknown address cost the same statements and the same time',
      setting: name,
      figures: {
        samples: SAMPLES,
        known_p50_ms: rounded(there),
        unknown_p50_ms: rounded(absent),
        ratio_of_medians: rounded(there / absent),
        statements_known: counted.known,
        statements_unknown: counted.unknown,
      },
    });
    expect(counted.known).toBeGreaterThan(0);
    expect(counted.known).toBe(counted.unknown);
  }, 120_000);

  async function inTurn(samples: number): Promise<{ knownOnes: number[]; unknownOnes: number[] }> {
    const asked = { knownOnes: [] as number[], unknownOnes: [] as number[] };
    for (let i = 0; i < samples; i += 1) {
      asked.knownOnes.push(await timed(() => ask(known(i))));
      asked.unknownOnes.push(await timed(() => ask(unknown(i))));
    }
    return asked;
  }

  /** Of requests alone; what is done beside them keeps nobody waiting. */
  async function statements(address: (i: number) => string): Promise<number> {
    const seen = await database.during(async () => {
      for (let i = 0; i < KNOWN; i += 1) await ask(address(i));
    });
    return seen.requests;
  }
});

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
