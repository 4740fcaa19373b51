import type { AuthMode } from '@latchkey/nest';
import type { SuccessorKind } from './auth-strategy';
import type { BindingRule } from './client-binding';

/** What this process issues and what it keeps of it. Computed once, in strategy.module.ts, from the configuration. */
export class IssuancePolicy {
  /** Where a tenant does not say otherwise. */
  readonly mode: AuthMode;
  readonly statelessKind: SuccessorKind;
  /** Kinds of token that are understood, whatever is issued. */
  readonly accepts: readonly AuthMode[];
  /** False when JWTs are judged by their signature alone. */
  readonly jwtsAreRevocable: boolean;
  /** Milliseconds for which the parent of a refresh gets the same successor again. */
  readonly reuseWindow: number;
  /** How often one login may refresh. */
  readonly refreshesPerMinute: number;
  readonly binding: BindingRule;
  /** Milliseconds without activity after which a login with a row is over; 0 is never. */
  readonly idleTimeout: number;

  constructor(facts: Omit<IssuancePolicy, 'recordsRefreshes' | 'kind' | 'modeFor' | 'kindOf'>) {
    this.mode = facts.mode;
    this.statelessKind = facts.statelessKind;
    this.accepts = facts.accepts;
    this.jwtsAreRevocable = facts.jwtsAreRevocable;
    this.reuseWindow = facts.reuseWindow;
    this.refreshesPerMinute = facts.refreshesPerMinute;
    this.binding = facts.binding;
    this.idleTimeout = facts.idleTimeout;
  }

  get kind(): SuccessorKind {
    return this.kindOf(this.mode);
  }

  /** What a tenant has chosen, unless tokens of that mode are not understood. */
  modeFor(chosen: AuthMode | null): AuthMode {
    return chosen !== null && this.accepts.includes(chosen) ? chosen : this.mode;
  }

  kindOf(mode: AuthMode): SuccessorKind {
    return mode === 'stateful' ? 'session' : this.statelessKind;
  }

  /** False only where refreshing a JWT leaves no trace. */
  get recordsRefreshes(): boolean {
    return this.jwtsAreRevocable;
  }
}
