import { createHmac } from 'node:crypto';
import { AuthError } from '@latchkey/nest';
import { RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { EventFacts } from '../common/event-log';
import type { LimitPolicy, PolicyName } from './limit-policies';
import type { RefusalLog } from './refusal-log';

/** What is left of a limit after one use, or that nothing was. */
export interface LimitState {
  readonly policy: LimitPolicy;
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly resetsIn: number;
  readonly refused: boolean;
}

export type Limiters = ReadonlyMap<PolicyName, { readonly policy: LimitPolicy; readonly limiter: RateLimiterAbstract }>;

/** Counts uses per policy and key. Never fails: what a store cannot count is counted here, and more strictly. */
export class RateLimits {
  constructor(
    private readonly limiters: Limiters,
    private readonly key: Buffer,
    private readonly refusals: RefusalLog,
  ) {}

  get enabled(): boolean {
    return this.limiters.size > 0;
  }

  /** Takes one point; null when the policy limits nothing. */
  async take(name: PolicyName, subject: string): Promise<LimitState | null> {
    const entry = this.limiters.get(name);
    if (!entry) return null;
    try {
      return stateOf(entry.policy, await entry.limiter.consume(this.keyOf(subject)), false);
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return stateOf(entry.policy, refusal, true);
      throw refusal;
    }
  }

  /** Takes no point. @throws AuthError `rate_limited` when there is none left */
  async requireRoom(name: PolicyName, subject: string, facts: Pick<EventFacts, 'ipAddress'>): Promise<void> {
    const entry = this.limiters.get(name);
    const used = await entry?.limiter.get(this.keyOf(subject));
    if (entry && used && used.remainingPoints <= 0) throw this.refusal(stateOf(entry.policy, used, true), facts);
  }

  /** Takes one point for something that failed; the refusal when there was none left. */
  async countFailure(
    name: PolicyName,
    subject: string,
    facts: Pick<EventFacts, 'ipAddress'>,
  ): Promise<AuthError | null> {
    const state = await this.take(name, subject);
    return state?.refused ? this.refusal(state, facts) : null;
  }

  /** The error that answers, told of in the log. */
  refusal({ policy, resetsIn }: LimitState, facts: Pick<EventFacts, 'ipAddress' | 'tenantId'>): AuthError {
    this.refusals.tell(policy.name, facts);
    const options = { detail: policy.name, retryAfter: Math.max(1, resetsIn) };
    return new AuthError('rate_limited', 'Too many requests; try again later', options);
  }

  // Addresses and names of accounts are nobody's business who reads the store.
  private keyOf(subject: string): string {
    return createHmac('sha256', this.key).update(`limit\n${subject}`, 'utf8').digest('base64url');
  }
}

function stateOf(policy: LimitPolicy, result: RateLimiterRes, refused: boolean): LimitState {
  const resetsIn = Math.max(0, Math.ceil(result.msBeforeNext / 1000));
  return { policy, remaining: refused ? 0 : result.remainingPoints, resetsIn, refused };
}
