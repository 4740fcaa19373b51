import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PasswordPolicy } from '../../src/identity/passwords/password-policy';
import { PasswordStrength } from '../../src/identity/passwords/password-strength';
import { buildBreachedFile } from '../../src/identity/passwords/breached-file-builder';
import { unique } from '../support/test-app';
import { PASSWORD, Service, useService } from './service';

const sha1 = (password: string) => createHash('sha1').update(password).digest('hex').toUpperCase();

function register(service: Service, difference: object = {}, headers: Record<string, string> = {}) {
  const email = `${unique('new')}@example.com`;
  return service.http.post('/auth/register', { json: { email, password: PASSWORD, ...difference }, headers });
}

describe('the strength of a new password', () => {
  const service = useService({ settings: { 'auth.password.min_strength': 2 } });

  it('costs nothing until the first one comes', () => {
    expect(service.app.provider(PasswordStrength).loaded).toBe(false);
  });

  it('is at hand from then on', async () => {
    await service.app.provider(PasswordPolicy).assertAcceptable('plovernimbusgravel');
    expect(service.app.provider(PasswordStrength).loaded).toBe(true);
  });

  it.each([
    ['everybody has', 'password1'],
    ['is a row of the keyboard', 'qwertyuiop'],
    ['repeats itself', 'abcabcabcabc'],
    ['is a date', '24.12.1998'],
    ['is common in Portuguese', 'brasil2024'],
    ['obeys every rule of composition', 'P@ssw0rd!'],
  ])('is refused when it is one that %s', async (_, password) => {
    const { status, body } = await register(service, { password });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'weak_password', reason: 'too_weak', errors: [{ pointer: '/password' }] });
    expect(JSON.stringify(body)).not.toContain(password);
  });

  it.each([
    ['a phrase', 'correct horse battery staple'],
    ['lower case alone', 'plovernimbusgravel'],
    ['random letters', 'xkqvzmwtbn'],
  ])('is enough with %s: no rules of composition', async (_, password) => {
    expect((await register(service, { password })).status).toBe(202);
  });

  it('counts nothing that a stranger knows of the person', async () => {
    const names = { email: 'zwetschgenknoedel@example.com', username: 'vroomfondel', name: 'Slartibartfast Magrathea' };
    for (const password of ['zwetschgenknoedel', 'vroomfondel', 'slartibartfast', 'magrathea']) {
      expect(await register(service, { ...names, password })).toMatchObject({ status: 422 });
    }
    expect((await register(service, { password: 'zwetschgenknoedel' })).status).toBe(202);
  });

  it('is judged in English, and in Portuguese for whoever prefers it', async () => {
    const password = 'password1';
    const english = await register(service, { password }, { 'accept-language': 'de, en;q=0.5' });
    expect(english.body).toMatchObject({ detail: expect.stringContaining('too easy to guess') as string });
    const portuguese = await register(service, { password }, { 'accept-language': 'pt-BR, en;q=0.5' });
    expect(portuguese.body).toMatchObject({ detail: expect.stringContaining('fácil demais') as string });
  });

  it('answers the same for an address that is taken', async () => {
    const { email } = await service.person({ password: 'plovernimbusgravel' });
    expect((await register(service, { email, password: 'password1' })).status).toBe(422);
  });

  it('holds for operators', async () => {
    await expect(service.person({ password: 'password1' })).rejects.toMatchObject({ code: 'weak_password' });
  });

  it('does not keep the service from answering while it is judged', async () => {
    const judging = Array.from({ length: 2 }, () => register(service, { password: '1a@4'.repeat(15) }));
    let turns = 0;
    let over = false;
    const all = Promise.all(judging).finally(() => (over = true));
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      turns += 1;
    }
    expect((await all).map(({ status }) => status)).toEqual([422, 422]);
    // A judgement on this thread would leave it the few turns that two requests take.
    expect(turns).toBeGreaterThan(1000);
  });

  it('is recorded when it is not enough, without the password', async () => {
    await register(service, { password: 'password1' });
    expect(service.app.logged('password_refused').at(-1)).toMatchObject({ reason: 'too_weak' });
    expect(JSON.stringify(service.app.logs)).not.toContain('password1');
  });

  it('is not judged again at a login', async () => {
    const hasher = await service.person({ password: 'plovernimbusgravel' });
    expect((await service.login(hasher)).status).toBe(200);
  });
});

describe('passwords known from breaches, by a range service', () => {
  const asked: IncomingMessage[] = [];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let server: Server;
  const service = new Service({});

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await service.start({
      settings: {
        'auth.password.breached.mode': 'range',
        'auth.password.breached.url': `http://127.0.0.1:${port}/range/`,
        'auth.password.breached.timeout': '500ms',
        'auth.password.breached.min_count': 3,
      },
    });
  });

  afterAll(async () => {
    await service.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  beforeEach(() => {
    asked.length = 0;
  });

  const lines = (password: string, count: number): string => {
    const padding = Array.from({ length: 800 }, (_, i) => `${i.toString(16).toUpperCase().padStart(35, '0')}:0`);
    return [...padding, `${sha1(password).slice(5)}:${count}`].join('\r\n');
  };

  it('are refused', async () => {
    answer = (_, response) => response.end(lines(PASSWORD, 3));
    const { status, body } = await register(service);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'weak_password', reason: 'breached', errors: [{ pointer: '/password' }] });
    expect(service.app.logged('password_refused').at(-1)).toMatchObject({ reason: 'breached' });
  });

  it('are asked for by five digits of the hash, with padding', async () => {
    answer = (_, response) => response.end(lines('something else', 9));
    expect((await register(service)).status).toBe(202);
    expect(asked.map(({ url }) => url)).toEqual([`/range/${sha1(PASSWORD).slice(0, 5)}`]);
    expect(asked[0]?.headers).toMatchObject({ 'add-padding': 'true' });
    const sent = JSON.stringify([asked[0]?.url, asked[0]?.headers]);
    expect(sent).not.toContain(sha1(PASSWORD).slice(5, 12));
  });

  it.each([
    ['rarer than min_count', 2],
    ['mere padding', 0],
  ])('are accepted when %s', async (_, count) => {
    answer = (_request, response) => response.end(lines(PASSWORD, count));
    expect((await register(service)).status).toBe(202);
  });

  it.each<[string, string, (response: ServerResponse) => void]>([
    ['is slow', 'timeout', (response) => void response.write('0')],
    ['never ends', 'answer_too_long', (response) => void response.write('0'.repeat(2_000_000))],
    ['fails', 'status_500', (response) => void response.writeHead(500).end()],
    ['limits us', 'status_429', (response) => void response.writeHead(429).end()],
    ['speaks HTML', 'answer_unreadable', (response) => void response.end('<html>')],
    ['says nothing', 'answer_unreadable', (response) => void response.end()],
    ['sends us elsewhere', 'unreadable', (response) => void response.writeHead(302, { location: '/other' }).end()],
    ['hangs up', 'unreadable', (response) => void response.destroy()],
  ])('are accepted, and that is counted, when the service %s', async (_, reason, misbehave) => {
    answer = (_request, response) => misbehave(response);
    const before = service.app.logged('breach_check_failed').length;
    expect((await register(service)).status).toBe(202);
    const failures = service.app.logged('breach_check_failed').slice(before);
    expect(failures).toMatchObject([{ reason, level: 'warn' }]);
  });

  it('are asked for when a password is chosen, and never at a login', async () => {
    answer = (_, response) => response.end(lines('something else', 9));
    const person = await service.person();
    expect(asked).toHaveLength(1);
    expect((await service.login(person)).status).toBe(200);
    expect(asked).toHaveLength(1);
  });
});

describe('passwords known from breaches, by a file', () => {
  let folder: string;
  let list: string;
  const service = new Service({});

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'latchkey-breached-'));
    list = path.join(folder, 'breached.bin');
    const known = Array.from({ length: 5_000 }, (_, i) => `${sha1(`known ${i}`)}:${i}`);
    writeFileSync(path.join(folder, 'hashes.txt'), `${known.join('\n')}\n${sha1(PASSWORD)}:7\n`);
    await buildBreachedFile({ from: path.join(folder, 'hashes.txt'), out: list, minCount: 1 });
    await service.start({ settings: { 'auth.password.breached.mode': 'file', 'auth.password.breached.file': list } });
  });

  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are refused, and others are not', async () => {
    expect((await register(service)).body).toMatchObject({ code: 'weak_password', reason: 'breached' });
    expect((await register(service, { password: 'a password that nobody knows' })).status).toBe(202);
  });

  it('are judged for every way to a new password by one policy', async () => {
    const policy = service.app.provider(PasswordPolicy);
    await expect(policy.assertAcceptable(PASSWORD)).rejects.toMatchObject({ code: 'weak_password', status: 422 });
    await expect(policy.assertAcceptable('a password that nobody knows')).resolves.toBeUndefined();
  });

  it('stop the start when their file is damaged', async () => {
    const damaged = path.join(folder, 'damaged.bin');
    await buildBreachedFile({ from: path.join(folder, 'hashes.txt'), out: damaged, minCount: 1 });
    truncateSync(damaged, 1_000);
    const settings = { 'auth.password.breached.mode': 'file', 'auth.password.breached.file': damaged };
    await expect(new Service({ settings }).start()).rejects.toThrow('is damaged');
  });
});
