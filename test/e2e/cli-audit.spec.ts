import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { AuditRecorder } from '../../src/audit/audit-recorder';
import { AuditSealer } from '../../src/audit/audit-sealer';
import { csvCell } from '../../src/cli/audit-export';
import { runProgram } from '../../src/cli/program';
import { sealEverything } from '../support/sealing';
import { JWT_SECRET } from '../support/test-app';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { Service } from './service';

const ROOT = path.resolve(__dirname, '../..');
const FORMULA = '=HYPERLINK("http://evil.example","x")';
const HOOK = { url: 'https://hooks.example/secret-path', secret: `whsec_${'A'.repeat(32)}`, events: ['login_failed'] };

let folder: string;
let database: TestDatabase;
const service = new Service({ settings: { 'audit.seal_every': '1h' } });

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-cli-'));
  database = await createTestDatabase();
  await service.start({ database });
});

afterAll(async () => {
  await service.stop();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function latchkey(...line: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const output = { stdout: '', stderr: '' };
  const into = (name: keyof typeof output): Writable =>
    new Writable({ write: (chunk, _, done) => ((output[name] += String(chunk)), done()) });
  const terminal = { stdin: Readable.from([]), stdout: into('stdout'), stderr: into('stderr') };
  const env = {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    LATCHKEY_DATA_DIR: folder,
    LATCHKEY_SECRET: `root key of ${path.basename(database.url)}, thirty-two bytes and more`,
    JWT_SECRET,
    LATCHKEY__AUDIT__WEBHOOKS: JSON.stringify([HOOK]),
  };
  const code = await runProgram(line, { terminal, env, cwd: ROOT });
  return { code, ...output };
}

const linesOf = (text: string): string[] => text.trimEnd().split('\n');

describe('audit', () => {
  it('lists and exports what happened, by tenant, event and time', async () => {
    const [one, other] = [await service.tenant(), await service.tenant()];
    const ada = await service.person({ tenantId: one.id });
    await service.person({ tenantId: other.id });
    await service.login(ada, {}, { headers: { 'user-agent': FORMULA } });
    await service.app.provider(AuditRecorder).flush();

    const listed = await latchkey('audit', 'list', '--tenant', one.slug, '--json');
    const { events } = JSON.parse(listed.stdout) as { events: { event: string; tenant_id: string }[] };
    expect(events.map(({ event, tenant_id }) => [event, tenant_id])).toEqual([
      ['login_succeeded', one.id],
      ['user_changed', one.id],
    ]);
    expect((await latchkey('audit', 'list', '--event', 'login_succeeded')).stdout).toContain(ada.userId);

    const jsonl = await latchkey('audit', 'export', '--tenant', one.id);
    expect(linesOf(jsonl.stdout).map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
      'user_changed',
      'login_succeeded',
    ]);
    const csv = await latchkey('audit', 'export', '--format', 'csv', '--event', 'login_succeeded');
    const [row] = parse<Record<string, string>>(csv.stdout, { columns: true });
    expect(row).toMatchObject({ event: 'login_succeeded', user_id: ada.userId, user_agent: `'${FORMULA}` });
    const past = await latchkey('audit', 'export', '--to', '2020-01-01');
    expect(past).toMatchObject({ code: 0, stdout: '' });
  });

  it('knows that an operator made a change at the command line', async () => {
    const person = await service.person();
    const disabled = await latchkey('users', 'disable', person.userId);
    expect(disabled.code).toBe(0);
    const { stdout } = await latchkey('audit', 'list', '--user', person.userId, '--actor', 'nobody', '--json');
    expect(JSON.parse(stdout)).toEqual({ events: [] });
    const found = await latchkey('audit', 'list', '--user', person.userId, '--event', 'session_revoked', '--json');
    const { events } = JSON.parse(found.stdout) as { events: object[] };
    expect(events).toContainEqual(expect.objectContaining({ actor: { kind: 'operator', id: null } }));
  });

  it('verifies: 0 while all is whole, 1 and the place when it is not', async () => {
    await service.app.provider(AuditRecorder).flush();
    await sealEverything(service.app.provider(AuditSealer), database);
    const whole = await latchkey('audit', 'verify', '--json');
    const { intact, head } = JSON.parse(whole.stdout) as { intact: boolean; head: string };
    expect([whole.code, intact]).toEqual([0, true]);
    expect((await latchkey('audit', 'verify', '--head', head)).stdout).toMatch(/^Intact: \d+ events below 1 seals/);
    await withClient(database.url, async (client) => {
      await client.query('SET session_replication_role = replica');
      await client.query(`UPDATE audit_events SET outcome = 'denied' WHERE event = 'login_succeeded'`);
    });
    const broken = await latchkey('audit', 'verify');
    expect([broken.code, broken.stdout]).toEqual([1, 'BROKEN: Rows below seal 1 were changed\n']);
    const facts = JSON.parse((await latchkey('audit', 'verify', '--json')).stdout) as object;
    expect(facts).toMatchObject({ intact: false, broken: { kind: 'rows_changed', seal: '1' } });
  });

  it('lists what no receiver took, and sends it again', async () => {
    const id = '0b8f7c1e-5d0f-4a53-9a53-6a1f0c2f7f10';
    await withClient(database.url, (client) =>
      client.query(
        `INSERT INTO webhook_deliveries (event_id, endpoint, event, body, state, created_at, next_attempt_at, give_up_at, finished_at)
         VALUES ($1, 'gone', 'login_failed', '{}', 'dead', now(), now(), now(), now())`,
        [id],
      ),
    );
    expect((await latchkey('audit', 'webhooks', 'list')).stdout).toContain(id);
    const wrong = await latchkey('audit', 'webhooks', 'retry', '0b8f7c1e-5d0f-4a53-9a53-000000000000');
    expect([wrong.code, wrong.stdout]).toEqual([1, '']);
    const retried = await latchkey('audit', 'webhooks', 'retry', id, '--json');
    expect(JSON.parse(retried.stdout)).toEqual({ retried: 1 });
    expect((await latchkey('audit', 'webhooks', 'list')).stdout).toBe('There are no dead deliveries.\n');
  });

  it.each([
    ['audit', 'list', '--from', 'yesterday'],
    ['audit', 'export', '--format', 'xml'],
    ['audit', 'verify', '--head', 'x'],
    ['audit', 'webhooks', 'retry', 'x'],
  ])('refuses %s %s %s %s', async (...line) => {
    expect(await latchkey(...line)).toMatchObject({ code: 2, stdout: '' });
  });

  it('shows no secret of a receiver', async () => {
    const { stdout } = await latchkey('config', 'show');
    expect(stdout).toContain('hooks.example');
    expect(stdout).not.toContain(HOOK.secret);
  });
});

describe('a cell of the CSV', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '|cmd', '%x', '\r=1'])('is no formula: %j', (value) => {
    expect(csvCell(value)).toBe(`"'${value}"`);
  });

  it.each([
    ['plain', '"plain"'],
    ['say "no"', '"say ""no"""'],
    ['a\r\nb', '"a\r\nb"'],
    ['', '""'],
  ])('is one cell: %j', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });
});
