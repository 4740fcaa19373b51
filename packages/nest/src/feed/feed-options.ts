/** What holds while the revocation feed cannot be read. */
export interface FeedOptions {
  /**
   * `bounded_staleness` (default): go on with what is known for `maxStaleness`, then answer 503.
   * `fail_closed`: answer 503 as soon as the loss is known, after three seconds.
   */
  readonly onLoss?: 'bounded_staleness' | 'fail_closed';
  /** Milliseconds, default 30 000. */
  readonly maxStaleness?: number;
}

/** A feed that was last known to be complete so long ago counts as lost. Milliseconds. */
export const FRESH_FOR = 3_000;

export const DEFAULT_MAX_STALENESS = 30_000;
