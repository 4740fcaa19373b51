import { randomUUID } from 'node:crypto';
import type { Queryable } from '../../database/database';
import type { LetterFacts, LetterKind } from '../../mail/letter';
import type { Outbox } from '../../mail/outbox';
import type { AccountCodeStore, CodePurpose, NewCode } from '../codes/account-code.store';
import { newAccountCode } from '../codes/account-code-token';
import type { Recipient } from './letter-order.store';

/** Lives of codes in milliseconds, and the pages that take them. */
export interface CodeSettings {
  readonly verifyTtl: number;
  readonly resetTtl: number;
  readonly changeTtl: number;
  readonly pages: Readonly<Record<'verify' | 'reset' | 'change', string>>;
}

/** Someone with an address. */
export type Reachable = Recipient & { readonly email: string };

/** Makes codes and puts them into letters, all in the caller's transaction. */
export class CodeLetters {
  constructor(
    private readonly codes: AccountCodeStore,
    private readonly outbox: Outbox,
    private readonly settings: CodeSettings,
  ) {}

  /** A newer code takes the place of the older ones. */
  async verify(tx: Queryable, person: Reachable, now: Date): Promise<void> {
    await this.codes.revoke(tx, person, ['verify']);
    await this.send(tx, person, { purpose: 'verify', address: person.email, now });
  }

  async reset(tx: Queryable, person: Reachable, now: Date): Promise<void> {
    await this.codes.revoke(tx, person, ['reset']);
    await this.send(tx, person, { purpose: 'reset', address: person.email, now });
  }

  /** One code to each end; none to a new address that is `taken`, so that the change never happens. */
  async change(
    tx: Queryable,
    person: Recipient,
    change: { newAddress: string; taken: boolean; now: Date },
  ): Promise<void> {
    const { newAddress, taken, now } = change;
    await this.codes.revoke(tx, person, ['change_old', 'change_new']);
    const pair = randomUUID();
    const both = { newAddress, pair, now };
    if (person.email !== null) await this.send(tx, person, { ...both, purpose: 'change_old', address: person.email });
    // Nobody else can confirm for an account that has no address yet.
    const otherUsed = person.email === null;
    if (!taken) await this.send(tx, person, { ...both, purpose: 'change_new', address: newAddress, otherUsed });
  }

  /** A letter without a code. */
  async plain(
    tx: Queryable,
    kind: LetterKind,
    to: Reachable,
    letter: { facts: LetterFacts; expiresAt: Date },
  ): Promise<void> {
    const { tenantId, userId, email, name } = to;
    await this.outbox.add(
      tx,
      { kind, tenantId, userId, to: email, facts: { name, ...letter.facts } },
      letter.expiresAt,
    );
  }

  private async send(
    tx: Queryable,
    { tenantId, userId, name }: Recipient,
    wanted: Omit<NewCode, 'tenantId' | 'userId' | 'hash' | 'expiresAt'>,
  ): Promise<void> {
    const { code, hash } = newAccountCode();
    const { purpose, address: to, newAddress: address, now } = wanted;
    const { life, page } = this.of(purpose);
    const expiresAt = new Date(now.getTime() + life);
    await this.codes.add(tx, { ...wanted, tenantId, userId, hash, expiresAt });
    // Behind the # of the address: what stands there is sent to no server and kept in no log.
    const facts = { name, code, link: `${page}#token=${code}`, life, address };
    await this.outbox.add(tx, { kind: purpose, tenantId, userId, to, facts }, expiresAt);
  }

  private of(purpose: CodePurpose): { life: number; page: string } {
    const { verifyTtl, resetTtl, changeTtl, pages } = this.settings;
    if (purpose === 'verify') return { life: verifyTtl, page: pages.verify };
    return purpose === 'reset' ? { life: resetTtl, page: pages.reset } : { life: changeTtl, page: pages.change };
  }
}
