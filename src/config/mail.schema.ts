import { z } from 'zod';
import { connectionUrl, duration, integer, oneOf } from './setting-kinds';

const ONE_ADDRESS = /^(?:[^<>@\p{Cc}]* ?<[^\s<>@,;"]+@[^\s<>@,;"]+>|[^\s<>@,;"]+@[^\s<>@,;"]+)$/u;

const sender = z.string().regex(ONE_ADDRESS, {
  error: 'must be one address, such as "Acme <no-reply@acme.example>" or no-reply@acme.example',
});

/** `mail`: messages to people. */
export const mailSchema = z.strictObject({
  url: connectionUrl('smtp', 'smtps')
    .optional()
    .describe('SMTP server. Empty: no mail; in development and test it is shown at /dev/mailbox.'),
  from: sender.optional().describe('Who messages come from; required with url.'),
  reply_to: sender.optional().describe('Where answers go, when that is another address.'),
  language: oneOf('en', 'pt-BR').prefault('en').describe('Language of the messages.'),
  templates_dir: z.string().min(1).optional().describe('Folder with templates of your own.'),
  allow_plaintext: z
    .boolean()
    .prefault(false)
    .describe('Lets smtp:// go on without encryption where the server, on another machine, offers none.'),
  connect_timeout: duration('100ms', '1m').prefault('5s').describe('Longest wait for a connection to the server.'),
  send_timeout: duration('1s', '1m').prefault('20s').describe('Longest time for handing one message over.'),
  max_connections: integer(1, 20).prefault(2).describe('Connections of one process.'),
  attempts: integer(1, 50).prefault(12).describe('How often a message is tried before it is given up.'),
});
