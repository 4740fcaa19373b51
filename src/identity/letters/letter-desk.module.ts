import { Module, type DynamicModule } from '@nestjs/common';
import { LOGGER } from '../../common/common.module';
import { Clock } from '../../common/clock';
import type { Logger } from '../../common/logger';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { mailDeliveryOf } from '../../mail/mail-delivery';
import { Outbox } from '../../mail/outbox';
import { AccountCodeStore } from '../codes/account-code.store';
import { CodeLetters, type CodeSettings } from './code-letters';
import { LetterDesk } from './letter-desk';
import { LetterOrderStore } from './letter-order.store';
import { LetterOrders } from './letter-orders';

/** Provides `LetterOrders`, closed where no mail is sent. */
export const letterOrders = {
  provide: LetterOrders,
  inject: [LetterOrderStore, Clock, CONFIG],
  useFactory: (store: LetterOrderStore, clock: Clock, config: Config) =>
    new LetterOrders(store, clock, mailDeliveryOf(config) !== 'none'),
};

/** Letters are written by themselves, for as long as the service runs and there is somewhere to send them. */
@Module({})
export class LetterDeskModule {
  /** `identity` is the module that keeps accounts. */
  static forRoot(config: Config, identity: new () => unknown): DynamicModule {
    if (mailDeliveryOf(config) === 'none') return { module: LetterDeskModule };
    return {
      module: LetterDeskModule,
      imports: [identity],
      providers: [
        {
          provide: CodeLetters,
          inject: [AccountCodeStore, Outbox],
          useFactory: (codes: AccountCodeStore, outbox: Outbox) => new CodeLetters(codes, outbox, codeSettings(config)),
        },
        {
          provide: LetterDesk,
          inject: [LetterOrders, LetterOrderStore, CodeLetters, Outbox, Clock, LOGGER],
          useFactory: (
            orders: LetterOrders,
            store: LetterOrderStore,
            letters: CodeLetters,
            outbox: Outbox,
            ...rest: [Clock, Logger]
          ) => {
            const { messagesPerHour } = config.auth.email;
            return new LetterDesk({ orders, store, letters, outbox, messagesPerHour }, ...rest);
          },
        },
      ],
      exports: [LetterDesk],
    };
  }
}

/** Where pages that take codes stand when none is configured. */
export const accountPages = ({ server }: Config): string => `${server.publicUrl}${server.basePath}/account`;

function codeSettings(config: Config): CodeSettings {
  const { email } = config.auth;
  const base = accountPages(config);
  const { verify, reset, change } = email.pages;
  const pages = {
    verify: verify ?? `${base}/verify-email`,
    reset: reset ?? `${base}/reset-password`,
    change: change ?? `${base}/change-email`,
  };
  return { ...email, pages };
}
