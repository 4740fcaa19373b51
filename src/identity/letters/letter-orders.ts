import { AuthError } from '@latchkey/nest';
import type { Clock } from '../../common/clock';
import type { UserRef } from '../user.store';
import type { LetterOrderStore, OrderFacts, OrderKind } from './letter-order.store';

/** Milliseconds after which a letter that was not written is not worth writing. */
const LIFE = 24 * 60 * 60_000;

/** A letter that anybody may ask for, by an address that may be nobody's. */
export interface LetterRequest {
  readonly kind: OrderKind;
  /** Null: no such tenant. */
  readonly tenantId: string | null;
  /** In the form that is compared. */
  readonly emailKey: string;
}

/**
 * Takes orders for letters: one row, whoever it is for. Who that is, whether there is such an account and what the
 * letter says is found out after the answer, so that neither the answer nor its time tells.
 */
export class LetterOrders {
  private hurriedBy: () => void = () => undefined;

  constructor(
    private readonly store: LetterOrderStore,
    private readonly clock: Clock,
    /** False where no mail is sent: nothing is ordered then. */
    readonly open: boolean,
  ) {}

  /** @throws AuthError `not_found` where no mail is sent. */
  assertOpen(): void {
    if (!this.open) throw new AuthError('not_found', 'This service sends no mail');
  }

  async request({ kind, tenantId, emailKey }: LetterRequest): Promise<void> {
    await this.add({ kind, tenantId, emailKey, facts: {} });
  }

  async write(kind: OrderKind, { tenantId, userId }: UserRef, facts: OrderFacts): Promise<void> {
    await this.add({ kind, tenantId, userId, facts });
  }

  /** Whoever writes letters, in this process. */
  onHurry(write: () => void): void {
    this.hurriedBy = write;
  }

  private async add(order: Parameters<LetterOrderStore['add']>[0]): Promise<void> {
    if (!this.open) return;
    const now = this.clock.now();
    await this.store.add(order, { now: new Date(now), expiresAt: new Date(now + LIFE) });
    this.hurriedBy();
  }
}
