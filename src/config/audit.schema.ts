import { z } from 'zod';
import { duration, settingKinds } from './setting-kinds';

/** 24 to 64 bytes, padded. */
const WHSEC = /^whsec_(?=.{32,88}$)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const webhookSecret = z.string().regex(WHSEC, { error: 'must be whsec_ followed by 24 to 64 bytes in base64' });
settingKinds.add(webhookSecret, { kind: 'secret' });

const webhookUrl = z
  .string()
  .refine(isHttpUrl, { error: 'must be an http:// or https:// URL without user and password' });
settingKinds.add(webhookUrl, { kind: 'url' });

const webhook = z.strictObject({
  url: webhookUrl.describe('Where events are sent. May be in a private network.'),
  secret: webhookSecret.describe('Signs what is sent, as Standard Webhooks says.'),
  events: z
    .array(z.string().regex(/^(\*|[a-z_]+)$/, { error: 'must be the name of an event, or *' }))
    .min(1, { error: "must name at least one event, or '*'" })
    .prefault(['*'])
    .describe('Names of events; * is all.'),
  tenant: z
    .uuid({ error: 'must be the id of a tenant: `latchkey tenants list` shows them' })
    .optional()
    .describe('Only events of the tenant with this id.'),
});

/** `audit`: what is kept of what happened, and who else is told. */
export const auditSchema = z.strictObject({
  retention: duration('31d', '3650d').prefault('400d').describe('How long events are kept; whole months are dropped.'),
  seal_every: duration('1s', '1h').prefault('10s').describe('How often new events are sealed into the chain.'),
  webhooks: z
    .array(webhook)
    .refine((all) => new Set(all.map(({ url, tenant }) => `${url} ${tenant}`)).size === all.length, {
      error: 'names a receiver twice: list all its events in one entry',
    })
    .prefault([])
    .describe('Receivers of events.'),
});

function isHttpUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}
