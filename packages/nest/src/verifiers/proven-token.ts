import type { TokenFacts } from '../claims/token-facts';
import type { CachedProof } from '../verified-token-cache';

/** A proven token in memory. */
export interface ProvenToken extends TokenFacts, CachedProof {
  /** The mirror's version when it was last judged. */
  version: number;
  /** When it was proven, on the monotonic clock. */
  readonly provenAt: number;
}
