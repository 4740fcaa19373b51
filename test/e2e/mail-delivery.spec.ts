import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Notices } from '../../src/identity/letters/notices';
import { OutboxDelivery } from '../../src/mail/outbox-delivery';
import { CleanupJob } from '../../src/maintenance/cleanup.job';
import { codeIn } from '../support/mail-server';
import { DAY, HOUR } from '../support/test-app';
import { withClient } from '../support/test-database';
import { until } from '../support/until';
import { useMailingService } from './mail-service';
import { useService } from './service';

describe('delivery of mail', () => {
  const service = useMailingService({ 'mail.attempts': 3, 'auth.email.messages_per_hour': 100 });

  async function tryAgainLater(): Promise<void> {
    service.clock.advance(HOUR);
    await service.app.provider(OutboxDelivery).deliver();
  }

  it('goes out by itself, with nobody waiting for it', async () => {
    const { email } = await service.person();
    await service.forgot(email);
    const { from, to, parsed } = await service.server.next(email);
    expect([from, to, parsed.from?.text]).toEqual(['no-reply@acme.example', [email], '"Acme" <no-reply@acme.example>']);
    expect(parsed.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('waits for a server that is away, and arrives when it is back', async () => {
    const { email } = await service.person();
    await service.server.down();
    expect((await service.forgot(email)).status).toBe(202);
    await service.settle();
    expect(service.app.logged('mail_deferred').at(-1)).toMatchObject({ kind: 'reset', count: 1 });
    await service.server.up();
    service.clock.advance(11_000);
    await service.app.provider(OutboxDelivery).deliver();
    expect(service.server.to(email)).toHaveLength(1);
    expect(await service.rows('mail_outbox')).toBe(0);
  });

  it('gives a letter up after so many tries', async () => {
    const person = await service.person();
    service.server.refusal = 451;
    await service.app.provider(Notices).send('password_changed', person, { ipAddress: '192.0.2.7' });
    await service.settle();
    await tryAgainLater();
    expect(await service.rows('mail_outbox')).toBe(1);
    await tryAgainLater();
    service.server.refusal = null;
    expect(await service.rows('mail_outbox')).toBe(0);
    expect(service.app.logged('mail_failed').at(-1)).toMatchObject({
      level: 'warn',
      kind: 'password_changed',
      user_id: person.userId,
      reason: 'EENVELOPE 451',
      count: 3,
    });
  });

  it('gives a letter up at once that the server will never take, and one that came too late', async () => {
    const { email } = await service.person();
    service.server.refusal = 550;
    await service.forgot(email);
    await service.settle();
    expect(service.app.logged('mail_failed').at(-1)).toMatchObject({ reason: 'EENVELOPE 550', count: 1 });
    service.server.refusal = 451;
    await service.forgot(email);
    await service.settle();
    service.server.refusal = null;
    await tryAgainLater();
    expect(service.app.logged('mail_failed').at(-1)).toMatchObject({ reason: 'expired' });
    expect(service.server.to(email)).toEqual([]);
  });

  it('keeps the code from whoever reads the database or the log', async () => {
    const { email } = await service.person();
    service.server.refusal = 451;
    await service.forgot(email);
    await service.settle();
    const dump = await withClient(service.app.database.url, async (client) => {
      const outbox = await client.query(`SELECT o::text AS row, encode(sealed, 'escape') AS sealed FROM mail_outbox o`);
      const codes = await client.query('SELECT c::text AS row FROM account_codes c');
      return JSON.stringify([outbox.rows, codes.rows]);
    });
    service.server.refusal = null;
    service.clock.advance(11_000);
    await service.app.provider(OutboxDelivery).deliver();
    const code = codeIn(await service.server.next(email));
    expect(dump).not.toContain('lk_ec_');
    expect(JSON.stringify(service.app.logs)).not.toContain(code);
  });

  it('sends each letter once, however many look at once', async () => {
    const people = await Promise.all(Array.from({ length: 15 }, () => service.person()));
    await Promise.all(people.map(({ email }) => service.forgot(email)));
    await Promise.all([service.settle(), service.settle(), service.settle()]);
    for (const { email } of people) expect(service.server.to(email)).toHaveLength(1);
  });

  it('escapes what people call themselves', async () => {
    const { email } = await service.person({ name: '<img src=x onerror=alert(1)> & "Ada" {{link}}' });
    await service.forgot(email);
    const { html, text } = await service.server.next(email);
    expect(html).toContain('&lt;img src&#x3D;x onerror&#x3D;alert(1)&gt; &amp; &quot;Ada&quot; {{link}}');
    expect(text).toContain('<img src=x onerror=alert(1)> & "Ada" {{link}}');
  });

  it('has a code, and a link that keeps it behind the #; nothing is fetched when it is opened', async () => {
    const { email } = await service.person();
    await service.forgot(email);
    const { html, text } = await service.server.next(email);
    const code = codeIn({ text });
    expect(text).toContain(`/account/reset-password#token=${code}`);
    expect(html).not.toMatch(/<img|<script|<link|url\(/);
    expect(html.match(/https?:/g)).toHaveLength(1);
    expect(text).toContain('30 minutes');
  });

  it('is forgotten when it is over', async () => {
    await withClient(service.app.database.url, (client) =>
      client.query(`INSERT INTO letter_orders (kind, facts, not_before, expires_at)
                    VALUES ('reset', '{}', now() + interval '9 days', now() - interval '1 day')`),
    );
    service.clock.advance(DAY);
    await service.app.provider(CleanupJob).run();
    expect(await service.rows('letter_orders')).toBe(0);
  });
});

describe('mail in Portuguese, and in words of one’s own', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-templates-'));
  writeFileSync(path.join(folder, 'verify.pt-BR.subject.hbs'), 'Só para {{name}}\r\n: confirme');
  const service = useMailingService({ 'mail.language': 'pt-BR', 'mail.templates_dir': folder });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('arrives with every accent intact', async () => {
    const { email } = await service.person({ name: 'João Conceição' });
    await service.forgot(email);
    const { subject, text, html } = await service.server.next(email);
    expect(subject).toBe('Escolha uma nova senha');
    for (const body of [text, html]) {
      expect(body).toContain('Olá, João Conceição!');
      expect(body).toContain('Se você não fez a solicitação, a sua senha continua a mesma.');
      expect(body).toContain('30 minutos');
    }
  });

  it('keeps a subject of one’s own on one line', async () => {
    const { email } = await service.person({ name: 'Antônio' });
    await service.http.post('/auth/email/resend', { json: { email } });
    const { subject, parsed } = await service.server.next(email);
    expect(subject).toBe('Só para Antônio : confirme');
    expect([...parsed.headers.keys()]).not.toContain('confirme');
  });
});

describe('the mailbox of a development machine', () => {
  const service = useService();

  it('shows what was sent, as text and as HTML, and runs nothing of it', async () => {
    const { email } = await service.person({ name: '<script>alert(1)</script>' });
    await service.http.post('/auth/password/forgot', { json: { email } });
    const list = () => service.http.send<null>('GET', '/dev/mailbox');
    await until('the letter is there', async () => (await list()).text.includes(email));
    const page = await list();
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
    const id = /href="mailbox\/([0-9a-f-]{36})"/.exec(page.text)?.[1] ?? '';
    const letter = await service.http.get(`/dev/mailbox/${id}`);
    expect(letter.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(letter.text).not.toContain('<script');
    expect(letter.text).toMatch(/<a href="http[^"]+#token=lk_ec_/);
    const html = await service.http.get(`/dev/mailbox/${id}/html`);
    expect(html.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
    expect(html.text).not.toContain('<script');
    expect((await service.http.get('/dev/mailbox/nothing')).code).toBe('not_found');
  });
});

describe('a service with a mail server', () => {
  const service = useMailingService();

  it('has no mailbox to look into', async () => {
    expect((await service.http.get('/dev/mailbox')).code).toBe('not_found');
  });
});
