import { LRUCache } from 'lru-cache';

/** What the cache must know of an entry. Wall-clock milliseconds. */
export interface CachedProof {
  /** Never later than the expiry of the token. */
  readonly serveUntil: number;
}

/** Hashing a whole JWT for the look-up costs more than the look-up: its end tells tokens apart as well. Characters. */
const KEY_LENGTH = 43;

interface Entry<Proof> {
  readonly token: string;
  readonly proof: Proof;
}

/**
 * Remembers tokens that were proven, so that the next request with the same token costs a look-up. Bounded, holds
 * positive results only. Only the very same token finds its proof: another spelling, or the signature of this one
 * under another text, finds nothing.
 */
export class VerifiedTokenCache<Proof extends CachedProof> {
  /** Look-ups that found a proof, and those that did not, since the start. */
  hits = 0;
  misses = 0;
  private readonly entries: LRUCache<string, Entry<Proof>> | null;

  /** `maxEntries` 0 turns the cache off: nothing outlives its request. */
  constructor(maxEntries: number) {
    this.entries = maxEntries > 0 ? new LRUCache<string, Entry<Proof>>({ max: maxEntries }) : null;
  }

  get(token: string, now: number): Proof | undefined {
    const entry = this.entries?.get(token.slice(-KEY_LENGTH));
    if (entry?.token !== token) return this.missed();
    if (now < entry.proof.serveUntil) {
      this.hits += 1;
      return entry.proof;
    }
    this.delete(token);
    return this.missed();
  }

  set(token: string, proof: Proof): void {
    this.entries?.set(token.slice(-KEY_LENGTH), { token, proof });
  }

  /** Forgets everything, as when a key is no longer trusted. */
  clear(): void {
    this.entries?.clear();
  }

  delete(token: string): void {
    this.entries?.delete(token.slice(-KEY_LENGTH));
  }

  get size(): number {
    return this.entries?.size ?? 0;
  }

  private missed(): undefined {
    this.misses += 1;
  }
}
