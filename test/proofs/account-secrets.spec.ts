import { generate } from 'otplib';
import { report } from '../support/figures';
import { HttpClient } from '../support/http-client';
import { canary } from '../support/recorded-run';
import { dumpOf, SecretHunt } from '../support/secret-hunt';
import type { Grant } from '../support/service-client';
import { startService, type ServiceProcess } from '../support/service-process';
import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { until } from '../support/until';

const EMAIL = `${canary('person')}@example.com`;
const PASSWORD = `${canary('password')} \\/é%`;
const NEXT_PASSWORD = canary('next-password');

const SETTINGS = {
  NODE_ENV: 'test',
  LATCHKEY__LOG__LEVEL: 'trace',
  LATCHKEY__AUTH__REGISTRATION: 'open',
  LATCHKEY__METRICS__ENABLED: 'true',
  LATCHKEY__METRICS__PORT: '0',
};

type Body = Record<string, unknown>;

describe('what a person proves themselves with', () => {
  const hunt = new SecretHunt();
  const codes = new Set<string>();
  let database: TestDatabase;
  let service: ServiceProcess;
  let http: HttpClient;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ databaseUrl: database.url, settings: SETTINGS });
    http = new HttpClient(service.url);
    await lives();
  }, 60_000);

  afterAll(async () => {
    await service.stop();
    await database.drop();
  }, 30_000);

  async function post(path: string, json: object, token?: string): Promise<Body> {
    return (await http.post<Body>(path, { json, token })).body;
  }

  async function login(more: object = {}): Promise<Body> {
    const body = await post('/auth/login', { email: EMAIL, password: PASSWORD, ...more });
    for (const name of ['challenge', 'device_token']) if (body[name]) hunt.add(name, body[name] as string);
    for (const name of ['access_token', 'refresh_token']) if (body[name]) hunt.addToken(name, body[name] as string);
    return body;
  }

  async function codeFrom(secret: string): Promise<string> {
    const code = await generate({ secret });
    codes.add(code);
    return code;
  }

  /** Signs up, sets up a second factor, uses it rightly and wrongly, and loses the password. */
  async function lives(): Promise<void> {
    hunt.add('password', PASSWORD);
    hunt.add('next password', NEXT_PASSWORD);
    await post('/auth/register', { email: EMAIL, password: PASSWORD });
    const { access_token: token } = (await login()) as unknown as Grant;
    const { secret } = (await post('/auth/mfa/totp', {}, token)) as { secret: string };
    hunt.add('TOTP key', secret);
    const confirmed = await post('/auth/mfa/totp/confirm', { code: await codeFrom(secret) }, token);
    const recoveryCodes = confirmed['recovery_codes'] as string[];
    expect(recoveryCodes).toHaveLength(10);
    for (const code of recoveryCodes) {
      hunt.add('recovery code', code);
      hunt.add('recovery code', code.replaceAll('-', ''));
    }
    const { challenge } = await login();
    await post('/auth/mfa/verify', { challenge, code: recoveryCodes[0] });
    const trusted = await login({ mfa_code: recoveryCodes[1], trust_device: true });
    expect(await login({ device_token: trusted['device_token'] })).toHaveProperty('access_token');
    await misplaces(recoveryCodes[2] as string, challenge as string, trusted['device_token'] as string);
    await loses();
  }

  /** A person who puts what is secret where it does not belong. */
  async function misplaces(recoveryCode: string, challenge: string, device: string): Promise<void> {
    for (const secret of [recoveryCode, challenge, device]) {
      await login({ mfa_code: secret, device_token: secret });
      await post('/auth/login', { email: secret, password: secret });
      await post('/auth/mfa/verify', { challenge: secret, code: secret });
      await post('/auth/password/reset', { token: secret, password: PASSWORD });
      await http.get(`/auth/me?code=${secret}`, { token: secret, headers: { 'user-agent': 'ordinary' } });
      await http.get(`/auth/${secret}`);
    }
  }

  async function loses(): Promise<void> {
    await post('/auth/password/forgot', { email: EMAIL });
    let token: string | undefined;
    await until('the message is there', async () => {
      const list = (await http.get('/dev/mailbox')).text;
      for (const [, id] of list.matchAll(/href="mailbox\/([\w-]+)"/g)) {
        const { text } = await http.get(`/dev/mailbox/${id}`);
        const code = /lk_ec_[0-9A-Za-z]+/.exec(text)?.[0];
        if (code) hunt.add('code from a message', code);
        if (code && /reset-password/.test(text)) token = code;
      }
      return token !== undefined;
    });
    expect((await http.post('/auth/password/reset', { json: { token, password: NEXT_PASSWORD } })).status).toBe(204);
    await post('/auth/password/reset', { token, password: NEXT_PASSWORD });
  }

  it('occurs in no row, in no line of the log and in no metric', async () => {
    // Events are written to the audit trail a moment after they happen.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const dump = await dumpOf(database.url);
    const log = service.output.join('\n');
    const { port } = service.logged('metrics_listening')[0] as unknown as { port: number };
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const places = { dump: dump.text, log, metrics };
    const hits = Object.fromEntries(Object.entries(places).map(([place, text]) => [place, hunt.findIn(text)]));
    report({
      proof: 'account-secrets',
      promise: 'No password, key, code, challenge or device token occurs in the database, the log or the metrics',
      setting: 'stateful, log at trace',
      figures: {
        spellings_looked_for: hunt.size,
        dump_characters: dump.text.length,
        log_characters: log.length,
        metrics_characters: metrics.length,
        hits: Object.values(hits).flat().length,
      },
    });
    expect(metrics).toContain('latchkey_');
    expect(dump.text).toContain('recovery_code_used');
    expect(hits).toEqual({ dump: [], log: [], metrics: [] });
    for (const code of codes) expect(log).not.toMatch(new RegExp(`"[^"]*\\b${code}\\b[^"]*"`));
  });
});
