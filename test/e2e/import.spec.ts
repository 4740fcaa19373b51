import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { runProgram } from '../../src/cli/program';
import { UserStore } from '../../src/identity/user.store';
import { FOREIGN_FORMS } from '../support/foreign-people';
import { JWT_SECRET, unique } from '../support/test-app';
import { withClient } from '../support/test-database';
import { temporaryFolder } from '../support/test-server';
import { useService } from './service';

const ROOT = path.resolve(__dirname, '../..');
const PASSWORD = 'the password from before';

interface Summary {
  readonly rows: number;
  readonly created: number;
  readonly updated: number;
  readonly skipped: number;
  readonly refused: number;
  readonly dry_run: boolean;
}

describe('latchkey users import', () => {
  const service = useService();
  let folder: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The command on a file of such content. */
  async function importing(content: string | readonly object[], options = '', name = 'people.jsonl') {
    const file = path.join(folder, `${randomUUID()}-${name}`);
    const text = typeof content === 'string' ? content : content.map((row) => JSON.stringify(row)).join('\n');
    writeFileSync(file, text);
    const output = { stdout: '', stderr: '' };
    const into = (stream: keyof typeof output): Writable =>
      new Writable({
        write: (chunk, _encoding, done) => {
          output[stream] += String(chunk);
          done();
        },
      });
    const terminal = { stdin: Readable.from([]), stdout: into('stdout'), stderr: into('stderr') };
    const env = {
      NODE_ENV: 'test',
      DATABASE_URL: service.app.database.url,
      LATCHKEY_DATA_DIR: folder,
      LATCHKEY_SECRET: `root key of ${path.basename(service.app.database.url)}, thirty-two bytes and more`,
      JWT_SECRET,
    };
    const args = ['users', 'import', file, '--json', ...options.split(' ').filter(Boolean)];
    const code = await runProgram(args, { terminal, env, cwd: ROOT });
    const summary = (output.stdout === '' ? {} : JSON.parse(output.stdout)) as Summary;
    return { code, summary, stderr: output.stderr };
  }

  const address = (word = 'ada') => `${unique(word)}@example.com`;

  const login = (email: string, password = PASSWORD) =>
    service.http.post<{ user: { id: string; roles: string[] } }>('/auth/login', { json: { email, password } });

  async function storedHash(email: string): Promise<string> {
    const { rows } = await withClient(service.app.database.url, (client) =>
      client.query<{ password_hash: string }>('SELECT password_hash FROM users WHERE email = $1', [email]),
    );
    return rows[0]?.password_hash ?? '';
  }

  it.each(Object.entries(FOREIGN_FORMS))('lets people sign in with what %s kept, and upgrades it', async (_, form) => {
    const email = address();
    expect((await importing([{ email, ...form(PASSWORD, 'saltsalt') }])).summary).toMatchObject({ created: 1 });
    expect(await storedHash(email)).not.toMatch(/^\$argon2id/);
    expect((await login(email, 'another password')).code).toBe('invalid_credentials');
    expect((await login(email)).status).toBe(200);
    expect(await storedHash(email)).toMatch(/^\$argon2id\$/);
    expect((await login(email)).status).toBe(200);
  });

  it('brings ids, names, roles and confirmed addresses along', async () => {
    const id = randomUUID();
    const email = address();
    const row = { id, email, username: unique('ada'), name: 'Ada', roles: ['admin', 'billing:read'] };
    await importing([{ ...row, email_verified: true, ...FOREIGN_FORMS['django']!(PASSWORD, 'salt') }]);
    expect((await login(email)).body.user).toMatchObject({ id, roles: ['admin', 'billing:read'] });
    const { rows } = await withClient(service.app.database.url, (client) =>
      client.query('SELECT email_verified_at IS NOT NULL AS verified FROM users WHERE id = $1', [id]),
    );
    expect(rows).toEqual([{ verified: true }]);
  });

  it('lets nobody in who was disabled', async () => {
    const email = address();
    await importing([{ email, status: 'disabled', ...FOREIGN_FORMS['django']!(PASSWORD, 'salt') }]);
    expect((await login(email)).code).toBe('account_disabled');
  });

  it('reads CSV', async () => {
    const [one, two] = [address(), address()];
    const { password_hash } = FOREIGN_FORMS['django']!(PASSWORD, 'salt');
    const csv = `email,name,roles,email_verified,password_hash\n${one},"Lovelace, Ada",admin;staff,true,${password_hash as string}\n${two},,,,\n`;
    expect((await importing(csv, '', 'people.csv')).summary).toMatchObject({ rows: 2, created: 2 });
    expect((await login(one)).body.user.roles).toEqual(['admin', 'staff']);
  });

  it('makes nobody twice, however often it runs', async () => {
    const rows = [{ email: address() }, { username: unique('bob') }, { id: randomUUID(), email: address() }];
    expect((await importing(rows)).summary).toMatchObject({ created: 3, skipped: 0 });
    expect(await importing(rows)).toMatchObject({ code: 0, summary: { created: 0, skipped: 3 } });
  });

  it('makes somebody once who is in the file twice', async () => {
    const email = address();
    expect((await importing([{ email }, { email: email.toUpperCase() }])).summary).toMatchObject({
      created: 1,
      skipped: 1,
    });
  });

  it('tells the line and the reason of what it refuses, imports the rest, and repeats no secret', async () => {
    const email = address();
    const secret = 'hunter2-canary';
    const errors = path.join(folder, 'errors.txt');
    const lines = [
      JSON.stringify({ email }),
      `{"email": "${secret}`,
      '',
      JSON.stringify({ email: address(), password_hash: secret }),
      JSON.stringify({ email: address(), password: secret }),
      JSON.stringify({ email: address(), [secret]: 1 }),
      JSON.stringify({ email: address(), hash_algorithm: secret }),
      JSON.stringify({ email: secret, roles: ['two words'] }),
      JSON.stringify({ name: 'Nobody' }),
      JSON.stringify({ email: address(), password_hash: '$scrypt$ln=31,r=8,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAA' }),
      '[]',
    ].join('\n');
    const { code, summary, stderr } = await importing(lines, `--errors ${errors}`);
    expect(code).toBe(1);
    expect(summary).toMatchObject({ rows: 10, created: 1, refused: 9 });
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      'line 2: cannot be read',
      'line 4: password_hash is of no known kind, damaged or too costly',
      'line 5: has a field that is not known',
    ]);
    expect(stderr + readFileSync(errors, 'utf8')).not.toContain(secret);
    expect(readFileSync(errors, 'utf8')).toBe(stderr);
  });

  it('refuses who would take the username of another account', async () => {
    const username = unique('ada');
    await importing([{ email: address(), username }]);
    const { summary, stderr } = await importing([{ email: address(), username }]);
    expect(summary).toMatchObject({ created: 0, refused: 1 });
    expect(stderr).toBe('line 1: username is taken by another account\n');
  });

  it('refuses an id that an account of another tenant has, and says no more of it', async () => {
    const tenant = await service.tenant();
    const id = randomUUID();
    await importing([{ id, email: address() }], `--tenant ${tenant.slug}`);
    const { stderr } = await importing([{ id, email: address() }]);
    expect(stderr).toBe('line 1: id is taken by an account of another tenant\n');
  });

  it('keeps tenants apart', async () => {
    const tenant = await service.tenant();
    const email = address();
    expect((await importing([{ email }], `--tenant ${tenant.slug}`)).summary.created).toBe(1);
    expect((await importing([{ email }])).summary.created).toBe(1);
  });

  it('makes nobody who administers every tenant in a tenant', async () => {
    const tenant = await service.tenant();
    const people = () => [{ email: address(), roles: ['platform_admin'] }];
    const { summary, stderr } = await importing(people(), `--tenant ${tenant.slug}`);
    expect(summary).toMatchObject({ created: 0, refused: 1 });
    expect(stderr).toBe('line 1: roles platform_admin is a role of the tenant default alone\n');
    expect((await importing(people())).summary.created).toBe(1);
  });

  it('changes nothing in a dry run, and says what it would do', async () => {
    const email = address();
    await importing([{ email }]);
    const fresh = address();
    const { summary } = await importing([{ email }, { email: fresh }, { email: 'nobody' }], '--dry-run');
    expect(summary).toMatchObject({ created: 1, skipped: 1, refused: 1, dry_run: true });
    const tenantId = (await service.defaultTenant()).id;
    expect(await service.app.provider(UserStore).findByIdentifier(tenantId, fresh)).toBeNull();
  });

  it('updates who is there: roles and status at once, a password never', async () => {
    const email = address();
    await importing([{ email, roles: ['admin'], ...FOREIGN_FORMS['django']!(PASSWORD, 'salt') }]);
    const other = FOREIGN_FORMS['django']!('another password', 'salt');
    const row = { email, name: 'Ada', roles: ['staff'], ...other };
    expect((await importing([row], '--on-conflict update')).summary).toMatchObject({ updated: 1 });
    expect((await importing([row], '--on-conflict update')).summary).toMatchObject({ updated: 0, skipped: 1 });
    expect((await login(email)).body.user.roles).toEqual(['staff']);
    expect((await login(email, 'another password')).code).toBe('invalid_credentials');
    await importing([{ email, status: 'disabled' }], '--on-conflict update');
    expect((await login(email)).code).toBe('account_disabled');
  });

  it('ends at the first account that is there when it must, and undoes that batch', async () => {
    const [taken, fresh] = [address(), address()];
    await importing([{ email: taken }]);
    const { code, stderr } = await importing([{ email: fresh }, { email: taken }], '--on-conflict fail');
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'conflict', detail: expect.stringContaining('Line 2') as string });
    expect((await importing([{ email: fresh }])).summary.created).toBe(1);
  });

  it('lays defaults under every row', async () => {
    const file = path.join(folder, 'defaults.json');
    const { salt, password_hash, ...project } = FOREIGN_FORMS['firebase']!(PASSWORD, 'saltsalt');
    writeFileSync(file, JSON.stringify({ ...project, roles: ['member'] }));
    const email = address();
    await importing([{ email, salt, password_hash }], `--defaults ${file}`);
    expect((await login(email)).body.user.roles).toEqual(['member']);
  });

  it.each([
    ['a CSV without the names of its columns', 'hunter2,$2b$12$abc\n', 'people.csv', 'column 1 is no known field'],
    ['a damaged CSV', 'email,name\n"a@example.com,x\n', 'people.csv', 'is no CSV'],
    ['a line without an end', 'x'.repeat(600_000), 'people.jsonl', 'longer than'],
  ])('refuses %s as a whole', async (_, content, name, reason) => {
    const { code, stderr } = await importing(content, '', name);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
    expect(stderr).not.toContain('hunter2');
  });
});
