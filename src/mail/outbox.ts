import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import type { Queryable } from '../database/database';
import { RootKeys } from '../keys/root-keys';
import { seal, unseal } from '../keys/sealed-box';
import type { Letter } from './letter';
import { OutboxStore, type OutboxRow } from './outbox.store';

const PURPOSE = 'mail-outbox';

/** Where letters wait, under seal, because they hold codes. */
@Injectable()
export class Outbox {
  private hurriedBy: () => void = () => undefined;

  constructor(
    private readonly store: OutboxStore,
    private readonly roots: RootKeys,
    private readonly clock: Clock,
  ) {}

  /** Part of the caller's transaction; after its commit `hurry` has it sent at once. */
  async add(tx: Queryable, letter: Letter, expiresAt: Date): Promise<void> {
    const { kind, tenantId, userId } = letter;
    const id = randomUUID();
    const sealed = seal(this.roots.derive(PURPOSE), Buffer.from(JSON.stringify(letter)), id);
    const row = { id, kind, tenantId, userId, sealed, sealedBy: this.roots.currentId, expiresAt };
    await this.store.add(tx, row, this.clock.date());
  }

  /** Null when the root secret that sealed it is not configured any more. */
  open({ id, sealed, sealedBy }: OutboxRow): Letter | null {
    const key = this.roots.deriveWith(sealedBy, PURPOSE);
    const plain = key && unseal(key, sealed, id);
    return plain && (JSON.parse(plain.toString('utf8')) as Letter);
  }

  /** Sends what waits now rather than at the next look. */
  hurry(): void {
    this.hurriedBy();
  }

  /** Whoever delivers, in this process. */
  onHurry(deliver: () => void): void {
    this.hurriedBy = deliver;
  }
}
