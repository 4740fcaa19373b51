import { randomInt } from 'node:crypto';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { Clock } from '../../common/clock';
import type { Logger } from '../../common/logger';
import type { Queryable } from '../../database/database';
import type { Outbox } from '../../mail/outbox';
import { RepeatedWork } from '../../mail/repeated-work';
import { emailKey } from '../identifier';
import type { CodeLetters, Reachable } from './code-letters';
import type { KeptOrder, LetterOrderStore, Recipient } from './letter-order.store';
import type { LetterOrders } from './letter-orders';

/** Milliseconds. */
const LOOK_EVERY = 5_000;
// A letter costs more than none: begun at once, its work would be felt by whoever asks next, and tell them.
const BEGIN_AFTER = [100, 1_000] as const;
const WAIT_AFTER_FAILURE = 60_000;
const NOTICE_LIFE = 3 * 24 * 60 * 60_000;

/** What the desk works with. */
export interface DeskParts {
  readonly orders: LetterOrders;
  readonly store: LetterOrderStore;
  readonly letters: CodeLetters;
  readonly outbox: Outbox;
  readonly messagesPerHour: number;
}

/**
 * Makes letters of orders, beside the requests. One order is one transaction: taken, judged, written into the outbox.
 * Whatever ends a process in between leaves the order where it was.
 */
export class LetterDesk implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly work = new RepeatedWork(() => this.writeNext(), LOOK_EVERY);
  private beginning?: NodeJS.Timeout;

  constructor(
    private readonly desk: DeskParts,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.desk.orders.onHurry(() => this.beginSoon());
    this.work.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.beginning);
    return this.work.stop();
  }

  /** Writes everything that was ordered. */
  write(): Promise<void> {
    return this.work.run();
  }

  private beginSoon(): void {
    this.beginning ??= setTimeout(
      () => {
        this.beginning = undefined;
        this.work.hurry();
      },
      randomInt(...BEGIN_AFTER),
    );
  }

  private async writeNext(): Promise<boolean> {
    const now = this.clock.date();
    let taken: KeptOrder | undefined;
    try {
      const found = await this.desk.store.takeNext(now, (tx, order) => this.fulfil(tx, (taken = order), now));
      if (found) this.desk.outbox.hurry();
      return found;
    } catch (error) {
      if (!taken) throw error;
      // So that one order which cannot be fulfilled does not hold up the others.
      this.logger.error({ err: error, kind: taken.kind }, 'a letter could not be written; it is tried again');
      await this.desk.store.postpone(taken.id, new Date(now.getTime() + WAIT_AFTER_FAILURE));
      return true;
    }
  }

  private async fulfil(tx: Queryable, order: KeptOrder, now: Date): Promise<void> {
    const person = await this.desk.store.findRecipient(tx, order);
    if (!person) return;
    if (order.kind === 'email_change') return this.changeOfAddress(tx, order, person, now);
    const { sendTo, ...facts } = order.facts;
    const email = sendTo ?? person.email;
    if (email === null) return;
    const to = { ...person, email };
    switch (order.kind) {
      case 'verify':
        return person.verified ? undefined : this.withCode(tx, to, now, 'verify');
      case 'reset':
        return this.withCode(tx, to, now, 'reset');
      case 'registered_again':
        return this.registeredAgain(tx, to, now);
      default:
        return this.desk.letters.plain(tx, order.kind, to, { facts, expiresAt: new Date(now.getTime() + NOTICE_LIFE) });
    }
  }

  private async withCode(tx: Queryable, to: Reachable, now: Date, kind: 'verify' | 'reset'): Promise<void> {
    if (await this.isAllowed(tx, to, now)) await this.desk.letters[kind](tx, to, now);
  }

  /** Who never confirmed the address has probably lost the first letter. */
  private async registeredAgain(tx: Queryable, to: Reachable, now: Date): Promise<void> {
    if (!to.verified) return this.withCode(tx, to, now, 'verify');
    if (!(await this.isAllowed(tx, to, now))) return;
    const expiresAt = new Date(now.getTime() + NOTICE_LIFE);
    await this.desk.letters.plain(tx, 'registered_again', to, { facts: {}, expiresAt });
  }

  private async changeOfAddress(tx: Queryable, order: KeptOrder, person: Recipient, now: Date): Promise<void> {
    const newAddress = order.facts.address ?? '';
    const key = emailKey(newAddress);
    if (key === null || (person.email !== null && key === emailKey(person.email))) return;
    if (!(await this.isAllowed(tx, person, now))) return;
    const owner = await this.desk.store.findRecipient(tx, { ...order, userId: null, emailKey: key });
    const other = owner && owner.email !== null ? { ...owner, email: owner.email } : null;
    await this.desk.letters.change(tx, person, { newAddress, taken: other !== null, now });
    // Its owner learns what the one who asked does not.
    if (other) await this.registeredAgain(tx, other, now);
  }

  private isAllowed(tx: Queryable, person: Recipient, now: Date): Promise<boolean> {
    return this.desk.store.allow(tx, person, now, this.desk.messagesPerHour);
  }
}
