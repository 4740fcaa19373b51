import { useMailingService } from './mail-service';
import { PASSWORD, type Grant } from './service';

describe('what is not one address', () => {
  const service = useMailingService();
  let grant: Grant;

  beforeAll(async () => {
    ({ grant } = await service.signedIn());
    await service.settle();
  });

  it.each([
    ['a list', 'a@example.com,b@example.com'],
    ['a list with a space', 'a@example.com, b@example.com'],
    ['a list with semicolons', 'a@example.com;b@example.com'],
    ['an array', ['a@example.com', 'b@example.com']],
    ['an object', { address: 'a@example.com' }],
    ['a header', 'a@example.com\r\nBcc: b@example.com'],
    ['a bare line feed', 'a@example.com\nBcc: b@example.com'],
    ['an encoded line break', 'a@example.com%0d%0aBcc:b@example.com'],
    ['a display name', 'Ada <a@example.com>'],
    ['quotes', '"a@example.com,b"@example.com'],
    ['a dotless i', 'adm\u0131n@example.com'],
    ['a full-width letter', '\uFF41da@example.com'],
    ['NUL', 'a@example.com\0'],
  ])('refuses %s as an address, and sends nothing', async (_, email) => {
    const sent = service.server.mails.length;
    const answers = [
      await service.forgot(email),
      await service.http.post('/auth/email/resend', { json: { email } }),
      await service.http.post('/auth/register', { json: { email, password: PASSWORD } }),
      await service.http.post('/auth/email/change', { token: grant.access_token, json: { email, password: PASSWORD } }),
    ];
    expect(answers.map(({ status, code }) => [status, code])).toEqual(Array(4).fill([400, 'validation_failed']));
    expect([await service.rows('letter_orders'), await service.rows('mail_outbox')]).toEqual([0, 0]);
    expect(service.server.mails.length).toBe(sent);
  });
});
