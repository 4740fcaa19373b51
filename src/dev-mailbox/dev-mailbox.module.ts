import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../config/config';
import { mailDeliveryOf } from '../mail/mail-delivery';
import { DevMailboxController } from './dev-mailbox.controller';

/** `/dev/mailbox`, only where letters are kept in memory: in development and test without a mail server. */
@Module({})
export class DevMailboxModule {
  /** `delivery` is the very module that sends. */
  static forRoot(config: Config, delivery: DynamicModule): DynamicModule {
    if (mailDeliveryOf(config) !== 'mailbox') return { module: DevMailboxModule };
    return { module: DevMailboxModule, imports: [delivery], controllers: [DevMailboxController] };
  }
}
