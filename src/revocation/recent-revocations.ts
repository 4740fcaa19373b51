import type { Revocation } from '@latchkey/nest';

const CAPACITY = 10_000;

/** What came after a place, in the order it came, and the place after it. */
export interface RecentPart {
  readonly revocations: readonly Revocation[];
  readonly place: number;
}

/**
 * The last revocations that this process learned of, in memory, for those who follow the feed through it. Bounded: a
 * follower who falls behind is told so and reads the rest from the database.
 */
export class RecentRevocations {
  /** Transactions before it are all here or were here: whoever has read up to now goes on from it. */
  horizon = '0';

  private entries: Revocation[] = [];
  private first = 0;
  private readonly known = new Set<string>();
  private readonly followers = new Set<() => void>();

  /** The place after the latest one. */
  get head(): number {
    return this.first + this.entries.length;
  }

  /** Each one once, though polls overlap. */
  add(revocations: readonly Revocation[], horizon = this.horizon): void {
    const { head } = this;
    for (const revocation of revocations) this.addOne(revocation);
    this.horizon = horizon;
    if (this.head !== head) this.tell();
  }

  /** Everything was read anew: nobody's place means anything any more. */
  restart(horizon: string): void {
    this.first = this.head + 1;
    this.entries = [];
    this.known.clear();
    this.horizon = horizon;
    this.tell();
  }

  /** Null when what comes after this place is not all here any more. */
  after(place: number): RecentPart | null {
    if (place < this.first) return null;
    return { revocations: this.entries.slice(place - this.first), place: this.head };
  }

  /** Calls `follower` after each change; returns what ends that. */
  follow(follower: () => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  private addOne(revocation: Revocation): void {
    const key = JSON.stringify(revocation);
    if (this.known.has(key)) return;
    this.known.add(key);
    this.entries.push(revocation);
    if (this.entries.length >= 2 * CAPACITY) this.forgetOldest();
  }

  private forgetOldest(): void {
    for (const old of this.entries.splice(0, CAPACITY)) this.known.delete(JSON.stringify(old));
    this.first += CAPACITY;
  }

  private tell(): void {
    for (const follower of this.followers) follower();
  }
}
