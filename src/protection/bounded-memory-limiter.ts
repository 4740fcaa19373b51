import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, type IRateLimiterOptions, type RateLimiterRes } from 'rate-limiter-flexible';

/** Whoever has more networks than this to come from is not held by counting them. */
const MOST_KEYS = 50_000;

/** Counts in memory, of which strangers with many addresses can take no more than a bounded part. */
export class BoundedMemoryLimiter extends RateLimiterMemory {
  /** Made when it is first needed: it takes its room at once, and many limiters only stand by. */
  private known?: LRUCache<string, true>;

  constructor(options: IRateLimiterOptions) {
    super(options);
  }

  override consume(key: string, points?: number): Promise<RateLimiterRes> {
    this.keys.set(key, true);
    return super.consume(key, points);
  }

  private get keys(): LRUCache<string, true> {
    this.known ??= new LRUCache<string, true>({
      max: MOST_KEYS,
      dispose: (_, key, reason) => void (reason === 'evict' && this.delete(key)),
    });
    return this.known;
  }
}
