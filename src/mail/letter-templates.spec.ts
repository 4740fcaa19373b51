import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config/load-config';
import { LetterTemplates } from './letter-templates';
import { mailDeliveryOf } from './mail-delivery';

const secret = 'a secret of more than thirty-two bytes, for tests';
const given = { LATCHKEY_SECRET: secret, JWT_SECRET: secret, DATABASE_URL: 'postgres://localhost/x' };
const configOf = (env: Record<string, string>) => loadConfig({ env: { ...given, ...env } });

describe('where mail goes', () => {
  it.each([
    ['development', undefined, 'mailbox'],
    ['test', undefined, 'mailbox'],
    ['production', undefined, 'none'],
    ['microservices', undefined, 'none'],
    ['production', 'smtps://mail.example', 'smtp'],
    ['development', 'smtps://mail.example', 'smtp'],
  ])('in %s with %s: %s', (NODE_ENV, url, delivery) => {
    const smtp: Record<string, string> = url ? { SMTP_URL: url, LATCHKEY__MAIL__FROM: 'a@example.com' } : {};
    const config = configOf({ NODE_ENV, PUBLIC_URL: 'https://auth.example', ...smtp });
    expect(mailDeliveryOf(config)).toBe(delivery);
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ SMTP_URL: 'smtp://mail.example' }, /mail\.from is required with mail\.url/],
    [{ SMTP_URL: 'http://mail.example' }, /must be a URL that starts with smtp/],
    [{ LATCHKEY__MAIL__FROM: 'a@example.com, b@example.com' }, /must be one address/],
    [{ LATCHKEY__MAIL__FROM: 'A\r\nBcc: <b@example.com>' }, /must be one address/],
    [{ NODE_ENV: 'production', LATCHKEY__AUTH__EMAIL__REQUIRE_VERIFICATION: 'true' }, /no mail can be sent/],
    [{ LATCHKEY__AUTH__EMAIL__PAGES__RESET: 'https://app.example/reset#x' }, /without a fragment/],
  ])('refuses %j', (env, message) => {
    expect(() => configOf({ NODE_ENV: 'test', ...env })).toThrow(message);
  });
});

describe('templates of one’s own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-templates-'));

  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['verify.en.text.hbs', 'Hello {{#if name}}', /verify\.en\.text\.hbs is no template/],
    ['verify.fr.text.hbs', 'Bonjour', /there is no letter for verify\.fr\.text\.hbs/],
    ['welcome.en.text.hbs', 'Hello', /there is no letter for welcome/],
  ])('stop the start when %s is wrong', (file, template, message) => {
    writeFileSync(join(folder, file), template);
    expect(() => new LetterTemplates(folder)).toThrow(message);
    rmSync(join(folder, file));
  });

  it('take the place of the service’s own, one by one', () => {
    writeFileSync(join(folder, 'reset.en.subject.hbs'), 'Acme: a new password, {{name}}');
    const templates = new LetterTemplates(folder);
    expect(templates.find('reset', 'en', 'subject')({ name: 'Ada & Co' })).toBe('Acme: a new password, Ada & Co');
    expect(templates.find('verify', 'en', 'subject')({})).toBe('Confirm your e-mail address');
    rmSync(join(folder, 'reset.en.subject.hbs'));
  });

  it('see facts and nothing behind them', () => {
    writeFileSync(join(folder, 'reset.en.html.hbs'), '{{constructor.name}}{{__proto__}}{{name.constructor}}|{{name}}');
    expect(new LetterTemplates(folder).find('reset', 'en', 'html')({ name: '<b>' })).toBe('|&lt;b&gt;');
  });
});
