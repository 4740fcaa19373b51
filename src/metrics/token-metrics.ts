import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Registry } from 'prom-client';
import { EventLog } from '../common/event-log';
import { StrategyTokenVerifier } from '../strategy/token-verifier';
import { AuthObserver } from './auth-observer';
import { follow } from './event-handlers';

/** What becomes of access tokens. Counted in plain numbers, made into metrics when they are read. */
@Injectable()
export class TokenMetrics {
  constructor(
    private readonly registry: Registry,
    private readonly observer: AuthObserver,
    private readonly verifier: StrategyTokenVerifier,
    events: EventLog,
  ) {
    this.countValidations();
    this.countKeyReadings();
    this.measureCaches();
    this.countAttempts(events);
  }

  private countValidations(): void {
    const { observer } = this;
    new Counter({
      name: 'latchkey_token_validations_total',
      help: 'Access tokens shown to guarded routes, by result and the code of the refusal',
      labelNames: ['result', 'reason'],
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc({ result: 'accepted', reason: 'ok' }, observer.accepted);
        this.inc({ result: 'refused', reason: 'token_expired' }, 0);
        for (const [reason, { result, count }] of observer.refusals) this.inc({ result, reason }, count);
      },
    });
  }

  private countKeyReadings(): void {
    const { keyReadings } = this.observer;
    new Counter({
      name: 'latchkey_jwks_fetches_total',
      help: 'Attempts to read the keys of another issuer',
      labelNames: ['outcome'],
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc({ outcome: 'succeeded' }, keyReadings.ok);
        this.inc({ outcome: 'failed' }, keyReadings.failed);
      },
    });
    new Counter({
      name: 'latchkey_jwks_fetch_seconds_total',
      help: 'Time spent on reading the keys of other issuers',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(keyReadings.milliseconds / 1_000);
      },
    });
  }

  private measureCaches(): void {
    const { opaque, signed } = this.verifier;
    const caches = Object.entries({ opaque, signed });
    const common = { labelNames: ['kind'], registers: [this.registry] };
    new Gauge({
      name: 'latchkey_token_cache_entries',
      help: 'Verified tokens in memory',
      ...common,
      collect() {
        for (const [kind, { size }] of caches) this.set({ kind }, size);
      },
    });
    new Counter({
      name: 'latchkey_token_cache_lookups_total',
      help: 'Look-ups of tokens in memory',
      ...common,
      labelNames: ['kind', 'outcome'],
      collect() {
        this.reset();
        for (const [kind, { hits, misses }] of caches) {
          this.inc({ kind, outcome: 'hit' }, hits);
          this.inc({ kind, outcome: 'miss' }, misses);
        }
      },
    });
  }

  private countAttempts(events: EventLog): void {
    const attempts = new Counter({
      name: 'latchkey_cross_user_attempts_total',
      help: 'Requests for what belongs to another user or tenant',
      labelNames: ['kind'],
      registers: [this.registry],
    });
    for (const kind of ['user', 'tenant']) attempts.inc({ kind }, 0);
    follow(events, {
      cross_user_attempt: ({ kind }) => attempts.inc({ kind: kind === 'tenant' ? 'tenant' : 'user' }),
      cross_tenant_attempt: () => attempts.inc({ kind: 'tenant' }),
    });
  }
}
