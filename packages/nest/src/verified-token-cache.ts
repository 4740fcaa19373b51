import { LRUCache } from 'lru-cache';

/** What the cache must know of an entry. Wall-clock milliseconds. */
export interface CachedProof {
  /** Never later than the expiry of the token. */
  readonly serveUntil: number;
}

/**
 * Remembers tokens that were proven, so that the next request with the same token costs a look-up. Bounded, holds
 * positive results only, keyed on the token itself: another spelling of the same token is another key.
 */
export class VerifiedTokenCache<Proof extends CachedProof> {
  private readonly entries: LRUCache<string, Proof> | null;

  /** `maxEntries` 0 turns the cache off: nothing outlives its request. */
  constructor(maxEntries: number) {
    this.entries = maxEntries > 0 ? new LRUCache<string, Proof>({ max: maxEntries }) : null;
  }

  get(token: string, now: number): Proof | undefined {
    const proof = this.entries?.get(token);
    if (proof === undefined || now < proof.serveUntil) return proof;
    this.entries?.delete(token);
    return undefined;
  }

  set(token: string, proof: Proof): void {
    this.entries?.set(token, proof);
  }

  /** Forgets everything, as when a key is no longer trusted. */
  clear(): void {
    this.entries?.clear();
  }

  delete(token: string): void {
    this.entries?.delete(token);
  }

  get size(): number {
    return this.entries?.size ?? 0;
  }
}
