import { isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import type { Config } from '../config/config';
import type { WrittenLetter } from './letter';
import { MailRefused, MailTransport } from './mail-transport';

type MailConfig = Config['mail'];

/** What nodemailer says when it fails. */
interface SmtpFailure {
  readonly code?: string;
  readonly responseCode?: number;
}

/** Speaks SMTP over a few connections, opened when there is something to send and kept for what follows. */
export class SmtpTransport extends MailTransport {
  private readonly pool;
  private readonly domain: string;

  constructor(
    url: string,
    private readonly mail: MailConfig & { readonly from: string },
  ) {
    super();
    this.pool = createTransport(optionsOf(new URL(url), mail));
    this.domain = /@([^\s>]+)/.exec(mail.from)?.[1] ?? 'localhost';
  }

  async send({ id, to, subject, text, html }: WrittenLetter): Promise<void> {
    const { from, replyTo, sendTimeout } = this.mail;
    const message = {
      from,
      // As an object it is one address, whatever its text looks like.
      to: { name: '', address: to },
      ...(replyTo && { replyTo }),
      subject,
      text,
      html,
      messageId: `<${id}@${this.domain}>`,
      // RFC 3834: no out-of-office answers.
      headers: { 'Auto-Submitted': 'auto-generated' },
      disableFileAccess: true,
      disableUrlAccess: true,
    };
    try {
      await within(sendTimeout, this.pool.sendMail(message));
    } catch (error) {
      throw refusal(error);
    }
  }

  override close(): void {
    this.pool.close();
  }
}

function optionsOf(url: URL, mail: MailConfig) {
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const auth = { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  return {
    pool: true as const,
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && !mail.allowPlaintext && !isLoopback(host),
    ...(auth.user !== '' && { auth }),
    maxConnections: mail.maxConnections,
    connectionTimeout: mail.connectTimeout,
    greetingTimeout: mail.connectTimeout,
    dnsTimeout: mail.connectTimeout,
    socketTimeout: mail.sendTimeout,
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** 5xx for the recipient or the message is final; a refused password or an unreachable server is ours to mend. */
function refusal(error: unknown): MailRefused {
  const { code = 'EUNKNOWN', responseCode } = Object(error) as SmtpFailure;
  const forGood = (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== undefined && responseCode >= 500;
  return new MailRefused(responseCode === undefined ? code : `${code} ${responseCode}`, forGood, error);
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error('Handing over took too long'), { code: 'ETIMEDOUT' })),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
