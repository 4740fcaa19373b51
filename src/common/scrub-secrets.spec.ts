import { Writable } from 'node:stream';
import { createLogger } from './logger';
import { scrubSecrets } from './scrub-secrets';

describe('the log', () => {
  it.each([
    ['opaque tokens', 'got lk_at_0123456789abcdefghij today', '0123456789abcdefghij'],
    ['opaque refresh tokens', 'lk_rt_ZZZZZZZZZZ', 'ZZZZZZZZZZ'],
    ['client secrets', 'lk_cs_0123456789abcdefghij', '0123456789abcdefghij'],
    ['Basic credentials', 'Authorization: Basic MDEyMzQ1Njc4OTpzZWNyZXQ=', 'MDEyMzQ1Njc4OTpzZWNyZXQ'],
    ['forms', 'client_id=1&client_secret=hunter2&token=opaque', 'hunter2'],
    ['JWTs', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'c2lnbmF0dXJl'],
    ['JWTs without a signature', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.', 'eyJzdWIiOiIxIn0'],
    ['bearer credentials', 'Authorization: Bearer abc.def', 'abc.def'],
    ['argon2 hashes', '$argon2id$v=19$m=65536,t=3,p=2$c2FsdHNhbHQ$aGFzaGhhc2g', 'aGFzaGhhc2g'],
    ['bcrypt hashes', '$2b$12$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZ01234', 'ABCDEFGHIJ'],
    ['passwords of connection URLs', 'postgres://app:s3cret@db/x', 's3cret'],
    ['fields named password', '{"password":"hunter2","new_password":"hunter2"}', 'hunter2'],
    ['fields named token', '{"refresh_token":"opaque thing"}', 'opaque thing'],
  ])('never shows %s', (_, line, secret) => {
    expect(scrubSecrets(line)).not.toContain(secret);
  });

  it('leaves ordinary words alone', () => {
    const line = '{"event":"login_failed","reason":"wrong_password","user_id":"0b8f"}';
    expect(scrubSecrets(line)).toBe(line);
  });

  it('passes every line through the scrubber, error stacks too', () => {
    const lines: string[] = [];
    const out = new Writable({ write: (chunk: Buffer, _, done) => (lines.push(chunk.toString()), done()) });
    createLogger('info', out).error({ err: new Error('bad token lk_at_0123456789abcdefghij') }, 'failed');
    expect(lines.join('')).toContain('[redacted]');
    expect(lines.join('')).not.toContain('0123456789abcdefghij');
  });

  it('keeps a message with line breaks on one line', () => {
    const lines: string[] = [];
    const out = new Writable({ write: (chunk: Buffer, _, done) => (lines.push(chunk.toString()), done()) });
    createLogger('info', out).info('first\n{"level":"error","msg":"forged"}');
    expect(lines.join('').trimEnd().split('\n')).toHaveLength(1);
  });
});

it('takes tickets and tokens out of addresses', () => {
  const line = 'GET /rooms?ticket=lk_tk_abc&a=1 and wss://x/rooms?a=1&access_token=opaque-thing"';
  const clean = scrubSecrets(line);
  expect(clean).not.toMatch(/abc|opaque-thing/);
  expect(clean).toContain('a=1');
});
