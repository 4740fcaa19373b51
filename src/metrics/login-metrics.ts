import { Inject, Injectable } from '@nestjs/common';
import { Counter, Histogram, Registry } from 'prom-client';
import { Clock } from '../common/clock';
import { EventLog, type EventFacts } from '../common/event-log';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { BoundedLabel } from './bounded-label';
import { follow } from './event-handlers';

const MOST_REASONS = 40;
const MOST_TENANTS = 200;
const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];

type Labels = Record<string, string>;

/** Logins from their beginning to their end, as the security events tell of them. */
@Injectable()
export class LoginMetrics {
  private readonly reasons = new BoundedLabel(MOST_REASONS);
  private readonly tenants = new BoundedLabel(MOST_TENANTS);
  private readonly tenantLabel: readonly string[];

  constructor(
    private readonly registry: Registry,
    events: EventLog,
    private readonly clock: Clock,
    @Inject(CONFIG) { metrics }: Config,
  ) {
    this.tenantLabel = metrics.tenantLabel ? ['tenant'] : [];
    this.followLogins(events);
    this.followRefreshes(events);
    this.followEndings(events);
  }

  private followLogins(events: EventLog): void {
    const help = 'Logins: with the methods that proved the person, or with why they failed';
    const logins = this.counter('latchkey_logins_total', help, 'outcome', 'reason');
    const lockouts = this.counter('latchkey_lockouts_total', 'Accounts locked after too many wrong passwords');
    const unlocks = this.counter('latchkey_unlocks_total', 'Accounts unlocked by an operator');
    const count = (outcome: string, { reason, ...facts }: EventFacts): void =>
      logins.inc({ outcome, reason: this.reasons.of(reason?.replaceAll(' ', '+')), ...this.tenantOf(facts) });
    follow(events, {
      login_succeeded: (facts) => count('succeeded', facts),
      login_failed: (facts) => count('failed', facts),
      federated_login_failed: (facts) => count('failed', facts),
      account_locked: (facts) => lockouts.inc(this.tenantOf(facts)),
      account_unlocked: (facts) => unlocks.inc(this.tenantOf(facts)),
    });
  }

  private followRefreshes(events: EventLog): void {
    const help = 'Refreshes: with the kind of login that went on, or with why they were refused';
    const refreshes = this.counter('latchkey_refreshes_total', help, 'outcome', 'reason');
    const replays = this.counter(
      'latchkey_refresh_replays_total',
      'Refresh tokens shown again within the reuse window',
    );
    const reuses = this.counter('latchkey_refresh_reuses_total', 'Logins ended because a used refresh token was shown');
    const count = (outcome: string, reason: string | undefined, facts: EventFacts): void =>
      refreshes.inc({ outcome, reason: this.reasons.of(reason?.replaceAll(' ', '_')), ...this.tenantOf(facts) });
    follow(events, {
      login_refreshed: (facts) => count('succeeded', facts.kind, facts),
      refresh_refused: (facts) => count('refused', facts.reason, facts),
      refresh_replayed: (facts) => replays.inc(this.tenantOf(facts)),
      refresh_reused: (facts) => {
        count('refused', 'reused', facts);
        reuses.inc(this.tenantOf(facts));
      },
    });
  }

  private followEndings(events: EventLog): void {
    const revocations = this.counter('latchkey_revocations_total', 'Revocations, by what they ended', 'kind', 'reason');
    const durations = new Histogram({
      name: 'latchkey_session_duration_seconds',
      help: 'How long logins lasted that their person ended by logging out',
      buckets: [MINUTE, 10 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY, 7 * DAY, 30 * DAY],
      registers: [this.registry],
    });
    follow(events, {
      session_revoked: ({ kind, reason, ...facts }) =>
        revocations.inc({ kind: this.reasons.of(kind), reason: this.reasons.of(reason), ...this.tenantOf(facts) }),
      logged_out: ({ since }) => since && durations.observe((this.clock.now() - since.getTime()) / 1_000),
    });
  }

  private counter(name: string, help: string, ...labelNames: string[]): Counter {
    const labels = [...labelNames, ...this.tenantLabel];
    return new Counter({ name, help, labelNames: labels, registers: [this.registry] });
  }

  private tenantOf({ tenantId }: EventFacts): Labels {
    return this.tenantLabel.length > 0 ? { tenant: this.tenants.of(tenantId) } : {};
  }
}
