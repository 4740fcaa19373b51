import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { until } from './until';

/** A message as it came over the wire. */
export interface ReceivedMail {
  /** Recipients of the envelope. */
  readonly to: readonly string[];
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly parsed: ParsedMail;
  readonly raw: string;
}

/** A real SMTP server that keeps what it is given. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  /** Answers every recipient with this code while it is set. */
  refusal: number | null = null;
  private server?: SMTPServer;
  private port = 0;

  static async start(): Promise<MailServer> {
    const server = new MailServer();
    await server.up();
    return server;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Listens, on the port it had before. */
  async up(): Promise<void> {
    this.server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      logger: false,
      onRcptTo: (_, __, done) =>
        this.refusal === null ? done() : done(Object.assign(new Error('no'), { responseCode: this.refusal })),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          const envelope = { from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address) };
          void this.keep(Buffer.concat(chunks), envelope).then(() => done(), done);
        });
      },
    });
    this.server.on('error', () => undefined);
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server.server, 'listening');
    this.port = (this.server.server.address() as AddressInfo).port;
  }

  /** Refuses connections from now on. */
  async down(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    for (const { _socket: socket } of server.connections as unknown as Iterable<{ _socket: { destroy(): void } }>) {
      socket.destroy();
    }
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  to(address: string): ReceivedMail[] {
    return this.mails.filter(({ to }) => to.includes(address));
  }

  /** The newest message to this address, once there are `count`. */
  async next(address: string, count = 1): Promise<ReceivedMail> {
    await until(`${count} message(s) to ${address}`, () => this.to(address).length >= count);
    return this.to(address).at(-1) as ReceivedMail;
  }

  private async keep(raw: Buffer, envelope: { from: string; to: string[] }): Promise<void> {
    const parsed = await simpleParser(raw);
    this.mails.push({
      ...envelope,
      subject: parsed.subject ?? '',
      text: parsed.text ?? '',
      html: parsed.html || '',
      parsed,
      raw: raw.toString('latin1'),
    });
  }
}

/** The code in a message. */
export function codeIn({ text }: Pick<ReceivedMail, 'text'>): string {
  const code = /\blk_ec_[0-9A-Za-z]+/.exec(text)?.[0];
  if (!code) throw new Error(`There is no code in ${text}`);
  return code;
}
