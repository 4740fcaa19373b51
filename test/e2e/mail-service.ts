import { OutboxDelivery } from '../../src/mail/outbox-delivery';
import { LetterDesk } from '../../src/identity/letters/letter-desk';
import { SignInWatch } from '../../src/auth/sign-in-watch';
import { MailServer } from '../support/mail-server';
import type { Settings } from '../support/test-app';
import { withClient } from '../support/test-database';
import { Service } from './service';

/** A service and the mail server it sends to, for the surrounding `describe`. */
export class MailingService extends Service {
  server!: MailServer;

  async begin(): Promise<void> {
    this.server = await MailServer.start();
    await this.start({
      settings: { 'mail.url': this.server.url, 'mail.from': 'Acme <no-reply@acme.example>', ...this.chosen },
    });
  }

  constructor(private readonly chosen: Settings) {
    super({});
  }

  async end(): Promise<void> {
    await this.stop();
    await this.server?.down();
  }

  /** Everything that was ordered is written and sent. */
  async settle(): Promise<void> {
    await this.app.provider(SignInWatch).judge();
    await this.app.provider(LetterDesk).write();
    await this.app.provider(OutboxDelivery).deliver();
  }

  forgot(email: unknown, difference: object = {}) {
    return this.http.post('/auth/password/forgot', { json: { email, ...difference } });
  }

  reset(token: string, password: string, difference: object = {}) {
    return this.http.post('/auth/password/reset', { json: { token, password, ...difference } });
  }

  async rows(table: string): Promise<number> {
    return withClient(this.app.database.url, async (client) => {
      const { rows } = await client.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`);
      return rows[0]?.count ?? 0;
    });
  }
}

export function useMailingService(settings: Settings = {}): MailingService {
  const service = new MailingService(settings);
  beforeAll(() => service.begin());
  afterAll(() => service.end());
  return service;
}
