import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock';

const MOST_PER_MINUTE = 300;
const MINUTE = 60_000;
const USERS = 100_000;

interface Spent {
  readonly since: number;
  count: number;
}

/** How often one user may revoke: each revocation is a row, and an entry in the memory of every process. */
@Injectable()
export class RevocationBudget {
  /** Made when it is first needed: it takes its room at once. */
  private known?: LRUCache<string, Spent>;

  constructor(private readonly clock: Clock) {}

  /** @throws AuthError `rate_limited` when the user's minute is used up. */
  spend(userId: string): void {
    const now = this.clock.monotonic();
    const known = this.spent.get(userId);
    const current = known && now - known.since < MINUTE ? known : { since: now, count: 0 };
    if (current.count >= MOST_PER_MINUTE) {
      const retryAfter = Math.ceil((current.since + MINUTE - now) / 1000);
      throw new AuthError('rate_limited', 'Too many revocations', { retryAfter });
    }
    current.count += 1;
    this.spent.set(userId, current);
  }

  private get spent(): LRUCache<string, Spent> {
    this.known ??= new LRUCache<string, Spent>({ max: USERS });
    return this.known;
  }
}
