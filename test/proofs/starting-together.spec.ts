import { rm } from 'node:fs/promises';
import path from 'node:path';
import { findPostmaster } from '../../src/database/embedded/postmaster';
import { migrationStatus } from '../../src/database/migrate';
import { report } from '../support/figures';
import { runningProcesses, serverProcesses } from '../support/process-table';
import { expecting, registerPeople, ServiceClient, type Grant, type Person } from '../support/service-client';
import { startService, type Profile, type ServiceOptions, type ServiceProcess } from '../support/service-process';
import { createEmptyDatabase, withClient, type TestDatabase } from '../support/test-database';
import { temporaryFolder } from '../support/test-server';
import { until } from '../support/until';

/** All at once, and of every kind. */
const FLEET: readonly Profile[] = ['denylist', 'stateful', 'tracked', 'none', 'denylist'];

interface Member {
  readonly service: ServiceProcess;
  readonly client: ServiceClient;
}

async function startTogether(all: readonly ServiceOptions[]): Promise<Member[]> {
  const services = await Promise.all(all.map((options) => startService(options)));
  return services.map((service) => ({ service, client: new ServiceClient(service.url) }));
}

async function stopAll(members: readonly Member[]): Promise<void> {
  members.forEach(({ client }) => client.close());
  await Promise.all(members.map(({ service }) => service.stop()));
}

describe(`${FLEET.length} processes that start at once on one empty database`, () => {
  let database: TestDatabase;
  let fleet: Member[] = [];

  beforeAll(async () => {
    database = await createEmptyDatabase();
    fleet = await startTogether(FLEET.map((profile) => ({ databaseUrl: database.url, profile })));
  }, 60_000);

  afterAll(async () => {
    await stopAll(fleet);
    await database.drop();
  }, 30_000);

  it('are all ready', async () => {
    for (const { client } of fleet) await expecting(200, client.call('GET', '/health/ready'));
  });

  it('have made the schema once and one signing key', async () => {
    const rowsOf = (table: string) =>
      withClient(database.url, async (client) => (await client.query(`SELECT * FROM ${table}`)).rows as unknown[]);
    const migrated = fleet.flatMap(({ service }) =>
      service.output.filter((line) => line.includes('Database migrated')),
    );
    expect(migrated).toHaveLength(1);
    expect(await rowsOf('latchkey_migrations')).toHaveLength((await migrationStatus(database.url)).length);
    expect(await rowsOf('signing_keys')).toHaveLength(1);
    expect(await rowsOf('instance')).toHaveLength(1);
    expect(await rowsOf('tenants')).toHaveLength(1);
  });

  it('understand the tokens of each other', async () => {
    const people = await registerPeople(fleet[0]!.client, FLEET.length);
    const grants = await Promise.all(fleet.map(({ client }, i) => expecting(200, client.login(people[i] as Person))));
    const statuses: Record<string, number> = {};
    for (const { client } of fleet) {
      for (const { access_token } of grants) {
        const { status } = await client.me(access_token);
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }
    report({
      proof: 'starting-together',
      promise: 'Processes of every kind that start at once on an empty database understand the tokens of each other',
      figures: { processes: FLEET.length, signing_keys: 1, tokens_shown_to_every_process: statuses },
    });
    expect(statuses).toEqual({ 200: FLEET.length ** 2 });
  });
});

describe('two processes that start at once on one empty folder, with its own PostgreSQL', () => {
  let folder: string;
  let owner: Member;
  let other: Member;
  let person: Person;
  let before: Grant[];

  beforeAll(async () => {
    folder = await temporaryFolder();
    const settings = { LATCHKEY_DATA_DIR: folder, LATCHKEY__AUTH__SESSION__MAX_LOGIN_ATTEMPTS: '100' };
    const both = await startTogether([0, 1].map(() => ({ databaseUrl: '', settings })));
    const owning = ownerOf(path.join(folder, 'postgres'));
    [owner, other] = (both[0]!.service.pid === owning ? both : both.reverse()) as [Member, Member];
  }, 60_000);

  afterAll(async () => {
    await stopAll([owner, other]);
    await rm(folder, { recursive: true, force: true });
  }, 30_000);

  it('share one server, which one of them has started', async () => {
    expect(ownerOf(path.join(folder, 'postgres'))).toBe(owner.service.pid);
    expect(owner.service.pid).not.toBe(other.service.pid);
    [person] = (await registerPeople(owner.client, 1)) as [Person];
    before = [
      await expecting(200, owner.client.login(person)),
      await expecting(200, other.client.login(person)),
      await expecting(200, other.client.login(person)),
    ];
    for (const { access_token } of before) {
      await expecting(200, owner.client.me(access_token));
    }
  });

  it('go on without its owner: 503 for a moment, never 401, and every login is still there', async () => {
    const postgres = path.join(folder, 'postgres');
    const [used, unused, refreshed] = before as [Grant, Grant, Grant];
    await expecting(200, other.client.me(used.access_token));
    const dead = findPostmaster(postgres)!.pid;
    const statuses: Record<string, number> = {};
    const ask = async (): Promise<boolean> => {
      const answers = await Promise.all([other.client.me(used.access_token), other.client.login(person)]);
      for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
      return answers.every(({ status }) => status === 200);
    };
    const begun = performance.now();
    await owner.service.kill();
    await until('another server runs', async () => {
      await ask();
      return (findPostmaster(postgres)?.pid ?? dead) !== dead;
    });
    await until('it serves', ask);
    const recovered = performance.now() - begun;
    report({
      proof: 'starting-together',
      promise: 'When the process that started the shared embedded PostgreSQL is killed, another one starts it again',
      figures: { statuses, served_again_after_ms: Math.round(recovered) },
    });
    expect(Object.keys(statuses).filter((status) => status !== '200' && status !== '503')).toEqual([]);
    expect(ownerOf(postgres)).toBe(other.service.pid);
    await expecting(200, other.client.me(unused.access_token));
    await expecting(200, other.client.refresh(refreshed.refresh_token));
    await until('it is ready', async () => (await other.client.call('GET', '/health/ready')).status === 200);
  }, 40_000);

  it('leave no server behind when the last one stops', async () => {
    expect(await other.service.stop()).toBe(0);
    expect(serverProcesses(path.join(folder, 'postgres'))).toEqual([]);
  }, 30_000);
});

/** The process that started the server of this folder, and watches over it by a shell in between. */
function ownerOf(dataDir: string): number | undefined {
  const all = runningProcesses();
  const parentOf = (pid: number | undefined) => all.find((one) => one.pid === pid)?.parent;
  return parentOf(parentOf(findPostmaster(dataDir)?.pid));
}
