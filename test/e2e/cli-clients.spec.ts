import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { runProgram } from '../../src/cli/program';
import { ClientVerifier } from '../../src/clients/client-verifier';
import { JWT_SECRET, unique, type Settings } from '../support/test-app';
import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { Service } from './service';

const ROOT = path.resolve(__dirname, '../..');

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-cli-'));
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function latchkey(
  line: string,
  settings: Settings = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const output = { stdout: '', stderr: '' };
  const into = (name: keyof typeof output): Writable =>
    new Writable({ write: (chunk, _, done) => ((output[name] += String(chunk)), done()) });
  const terminal = { stdin: Readable.from([]), stdout: into('stdout'), stderr: into('stderr') };
  const overrides = Object.entries(settings).map(([key, value]) => [
    `LATCHKEY__${key.toUpperCase().replaceAll('.', '__')}`,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
  const env = {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    LATCHKEY_DATA_DIR: folder,
    LATCHKEY_SECRET: `root key of ${path.basename(database.url)}, thirty-two bytes and more`,
    JWT_SECRET,
    ...Object.fromEntries(overrides),
  };
  const code = await runProgram(line.split(' '), { terminal, env, cwd: ROOT });
  return { code, ...output };
}

async function facts<T>(line: string, settings?: Settings): Promise<T> {
  const { code, stdout, stderr } = await latchkey(`${line} --json`, settings);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

interface Made {
  readonly client: {
    id: string;
    name: string;
    enabled: boolean;
    all_tenants: boolean;
    tenants: string[];
    audiences: string[];
  };
  readonly client_secret: string;
}

describe('clients', () => {
  const service = new Service({ settings: { 'auth.mode': 'stateless' } });

  beforeAll(() => service.start({ database }));
  afterAll(() => service.stop());

  const isGood = ({ client }: Pick<Made, 'client'>, secret: string): Promise<boolean> =>
    service.app
      .provider(ClientVerifier)
      .verify(client.id, secret)
      .then(
        () => true,
        () => false,
      );

  it('are made with a secret that is shown once', async () => {
    const name = unique('orders');
    const made = await facts<Made>(`clients create ${name} --tenant default`);
    expect(made.client).toMatchObject({ name, enabled: true, all_tenants: false, audiences: ['latchkey-api'] });
    expect(made.client.tenants).toEqual([(await service.defaultTenant()).id]);
    expect(made.client_secret).toMatch(/^lk_cs_/);
    expect(await isGood(made, made.client_secret)).toBe(true);
    for (const line of ['clients list', 'clients list --json']) {
      const { stdout } = await latchkey(line);
      expect(stdout).toContain(made.client.id);
      expect(stdout).not.toContain('lk_cs_');
    }
  });

  it('are rotated with an overlap, or at once', async () => {
    const made = await facts<Made>(`clients create ${unique('orders')} --all-tenants --audience a,b`);
    expect(made.client).toMatchObject({ all_tenants: true, audiences: ['a', 'b'] });
    const next = await facts<Made & { client: { secrets: { expires_at: string | null }[] } }>(
      `clients rotate ${made.client.name} --overlap 2h`,
    );
    expect(next.client.secrets.map(({ expires_at }) => expires_at === null)).toEqual([true, false]);
    const left = Date.parse(next.client.secrets[1]!.expires_at!) - Date.now();
    expect(Math.abs(left - 2 * 3_600_000)).toBeLessThan(60_000);
    for (const secret of [made.client_secret, next.client_secret]) expect(await isGood(made, secret)).toBe(true);
    expect((await latchkey(`clients rotate ${made.client.id}`)).stderr).toMatch(/Two secrets/);
    const last = await facts<Made>(`clients rotate ${made.client.id} --now`);
    expect(await isGood(made, last.client_secret)).toBe(true);
    for (const secret of [made.client_secret, next.client_secret]) expect(await isGood(made, secret)).toBe(false);
  });

  it('are disabled, enabled and deleted', async () => {
    const made = await facts<Made>(`clients create ${unique('orders')} --tenant default`);
    const { id, name } = made.client;
    expect(await facts(`clients disable ${name}`)).toEqual({ client: { id, name }, disabled: true });
    expect(await isGood(made, made.client_secret)).toBe(false);
    expect(await facts(`clients enable ${id}`)).toEqual({ client: { id, name }, enabled: true });
    expect(await isGood(made, made.client_secret)).toBe(true);
    expect(await facts(`clients delete ${name}`)).toEqual({ client: { id, name }, deleted: true });
    expect(await isGood(made, made.client_secret)).toBe(false);
    expect(await latchkey(`clients delete ${name}`)).toMatchObject({ code: 1, stdout: '' });
  });

  it.each([
    ['clients create', 2],
    ['clients create orders', 2],
    ['clients create orders --tenant default --all-tenants', 2],
    ['clients create orders --tenant nowhere', 1],
    ['clients create -orders- --all-tenants', 2],
    ['clients create orders --all-tenants --audience é', 1],
    ['clients rotate nobody', 1],
    ['clients rotate nobody --overlap 24', 2],
    ['clients rotate nobody --overlap 365d', 2],
  ])('are refused: %s', async (line, code) => {
    const ran = await latchkey(line);
    expect([ran.code, ran.stdout]).toEqual([code, '']);
  });
});

interface Plan {
  readonly from: { mode: string; kind: string };
  readonly to: { mode: string; kind: string };
  readonly logins: {
    kind: string;
    live: number | null;
    at_least: number;
    last_access_expires_at: string | null;
    last_login_ends_at: string | null;
    old: boolean;
  }[];
  readonly old_access_gone_at: string | null;
  readonly old_logins_gone_at: string | null;
  readonly requirements: { key: string; state: string; detail: string }[];
}

describe('mode plan', () => {
  const STATEFUL: Settings = { 'auth.mode': 'stateful' };
  const TRACKED: Settings = { 'auth.mode': 'stateless', 'auth.jwt.sessions': 'tracked' };
  const UNTRACKED: Settings = { 'auth.mode': 'stateless' };

  /** Signs people in on a service of this profile, on the one database. */
  async function signIn(
    settings: Settings,
    count: number,
    then?: (service: Service, refresh: string) => Promise<unknown>,
  ) {
    const service = new Service({ settings });
    await service.start({ database });
    const before = Date.now();
    for (let i = 0; i < count; i += 1) {
      const { grant } = await service.signedIn();
      await then?.(service, grant.refresh_token);
    }
    await service.stop();
    return before;
  }

  it('counts logins of each kind, dates the last old one, and says what must be configured', async () => {
    const empty = await facts<Plan>('mode plan', STATEFUL);
    expect(empty.logins.map(({ kind, live }) => [kind, live])).toEqual([
      ['session', 0],
      ['tracked_jwt', 0],
      ['untracked_jwt', null],
    ]);
    const begun = await signIn(STATEFUL, 3);
    await signIn(TRACKED, 2);
    await signIn(UNTRACKED, 2, (service, refresh) => service.refresh(refresh));
    const plan = await facts<Plan>('mode plan', STATEFUL);
    expect([plan.from, plan.to]).toEqual([
      { mode: 'stateful', kind: 'session' },
      { mode: 'stateless', kind: 'untracked_jwt' },
    ]);
    const [session, tracked, untracked] = plan.logins as [Plan['logins'][0], Plan['logins'][0], Plan['logins'][0]];
    expect([session.live, tracked.live, untracked.live, untracked.at_least]).toEqual([3, 2, null, 2]);
    expect([session.old, tracked.old, untracked.old]).toEqual([true, true, false]);
    const after = (text: string | null) => Math.round((Date.parse(text ?? '') - begun) / 3_600_000);
    expect([after(session.last_access_expires_at), after(session.last_login_ends_at)]).toEqual([24, 720]);
    expect(after(tracked.last_login_ends_at)).toBe(168);
    expect([plan.old_access_gone_at, plan.old_logins_gone_at]).toEqual([
      session.last_access_expires_at,
      session.last_login_ends_at,
    ]);
    expect(plan.requirements).toContainEqual(expect.objectContaining({ key: 'auth.accept', state: 'ok' }));
    const back = await facts<Plan>('mode plan', UNTRACKED);
    expect(back.to).toEqual({ mode: 'stateful', kind: 'session' });
    // Logins without a row are bounded by what the fleet recorded.
    expect(after(back.old_logins_gone_at)).toBeGreaterThanOrEqual(720);
    expect(back.requirements.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['auth.accept', 'auth.secret', 'auth.jwt.secret', 'resource servers']),
    );
  });

  it('asks for both kinds to be accepted where only one is', async () => {
    const plan = await facts<Plan>('mode plan', { ...STATEFUL, 'auth.accept': ['stateful'] });
    expect(plan.requirements).toContainEqual(expect.objectContaining({ key: 'auth.accept', state: 'needed' }));
    const { stdout } = await latchkey('mode plan', { ...STATEFUL, 'auth.accept': ['stateful'] });
    expect(stdout).toMatch(/^From stateful to stateless/);
    expect(stdout).toMatch(/^NEEDED\s+auth\.accept\s+set \[stateful, stateless\]/m);
  });

  it('warns of what the target gives up', async () => {
    const plan = await facts<Plan>('mode plan --to stateless', { ...STATEFUL, 'auth.jwt.revocation': 'none' });
    expect(plan.requirements).toContainEqual(expect.objectContaining({ key: 'auth.jwt.revocation', state: 'note' }));
    const same = await facts<Plan>('mode plan --to stateful', STATEFUL);
    expect(same.from).toEqual(same.to);
    expect((await latchkey('mode plan --to sideways')).code).toBe(2);
  });
});
