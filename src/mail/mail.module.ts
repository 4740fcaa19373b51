import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import type { Config } from '../config/config';
import { LetterTemplates } from './letter-templates';
import { LetterWriter } from './letter-writer';
import { mailDeliveryOf } from './mail-delivery';
import { MailTransport } from './mail-transport';
import { MailboxTransport } from './mailbox.transport';
import { Outbox } from './outbox';
import { OutboxDelivery } from './outbox-delivery';
import { OutboxStore } from './outbox.store';

/** Where letters are left. Sends none by itself. */
@Global()
@Module({ providers: [Outbox, OutboxStore], exports: [Outbox, OutboxStore] })
export class MailModule {}

/** Letters leave by themselves, for as long as the service runs and there is somewhere to send them. */
@Module({})
export class MailDeliveryModule {
  static forRoot(config: Config): DynamicModule {
    const delivery = mailDeliveryOf(config);
    if (delivery === 'none') return { module: MailDeliveryModule };
    const { mail } = config;
    return {
      module: MailDeliveryModule,
      providers: [
        delivery === 'smtp' ? smtp(config) : mailbox,
        {
          provide: LetterWriter,
          useFactory: () => new LetterWriter(new LetterTemplates(mail.templatesDir), mail.language),
        },
        {
          provide: OutboxDelivery,
          inject: [Outbox, OutboxStore, LetterWriter, MailTransport, EventLog, Clock],
          useFactory: (
            outbox: Outbox,
            store: OutboxStore,
            writer: LetterWriter,
            transport: MailTransport,
            ...rest: [EventLog, Clock]
          ) => new OutboxDelivery(outbox, store, { writer, transport, settings: mail }, ...rest),
        },
      ],
      exports: [OutboxDelivery, MailTransport],
    };
  }
}

const mailbox = { provide: MailTransport, useClass: MailboxTransport };

function smtp({ mail }: Config) {
  return {
    provide: MailTransport,
    // Read when it is needed: most development machines do without.
    useFactory: async () => {
      const { SmtpTransport } = await import('./smtp.transport.js');
      return new SmtpTransport(mail.url as string, { ...mail, from: mail.from as string });
    },
  };
}
