import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock';
import { LOGGER } from '../../common/common.module';
import type { Logger } from '../../common/logger';
import type { UserRef } from '../user.store';
import type { OrderFacts } from './letter-order.store';
import { LetterOrders } from './letter-orders';

export type NoticeKind = 'new_device' | 'factor_changed' | 'password_changed' | 'email_changed' | 'identity_linked';

/** What is said of the change, and of the client that made it. */
export type NoticeFacts = Pick<OrderFacts, 'device' | 'ipAddress' | 'change' | 'address' | 'sendTo'>;

/** Tells people what happened to their account, at the address that is stored for it. */
@Injectable()
export class Notices {
  constructor(
    private readonly orders: LetterOrders,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** One statement where mail is sent. Never rejects: what it tells of has happened. */
  async send(kind: NoticeKind, { tenantId, userId }: UserRef, facts: NoticeFacts = {}): Promise<void> {
    try {
      await this.orders.write(kind, { tenantId, userId }, { ...facts, at: this.clock.now() });
    } catch (error) {
      this.logger.warn({ err: error, kind, user_id: userId }, 'a person could not be told of a change');
    }
  }
}
