import type { Config } from '../config/config';

/** Where letters go. `none`: nowhere, and none is written. */
export type MailDelivery = 'smtp' | 'mailbox' | 'none';

export function mailDeliveryOf({ mail, environment }: Pick<Config, 'mail' | 'environment'>): MailDelivery {
  if (mail.url !== undefined) return 'smtp';
  // Never where real people are: the mailbox shows codes to whoever looks.
  return environment === 'development' || environment === 'test' ? 'mailbox' : 'none';
}
