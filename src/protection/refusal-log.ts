import type { Clock } from '../common/clock';
import type { EventFacts, EventLog } from '../common/event-log';
import type { PolicyName } from './limit-policies';

/** Milliseconds. */
const SPAN = 10_000;
/** Lines about one policy in one span. */
const MOST_LINES = 10;

interface Span {
  began: number;
  lines: number;
  untold: number;
}

/** Tells of refusals, and under attack of a few of them with the count of the others: the log must not be what breaks. */
export class RefusalLog {
  private readonly spans = new Map<PolicyName, Span>();

  constructor(
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  tell(policy: PolicyName, facts: Pick<EventFacts, 'ipAddress' | 'tenantId'>): void {
    const span = this.spanOf(policy);
    if (span.lines >= MOST_LINES) {
      span.untold += 1;
      return;
    }
    span.lines += 1;
    this.events.record('rate_limited', { ...facts, reason: policy, count: 1 + span.untold });
    span.untold = 0;
  }

  private spanOf(policy: PolicyName): Span {
    const now = this.clock.monotonic();
    const span = this.spans.get(policy);
    if (span && now - span.began < SPAN) return span;
    const next = { began: now, lines: 0, untold: span?.untold ?? 0 };
    this.spans.set(policy, next);
    return next;
  }
}
