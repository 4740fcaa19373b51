import { Inject, Injectable } from '@nestjs/common';
import type { AuthMode } from '@latchkey/nest';
import type { AuthStrategy, SuccessorKind } from './auth-strategy';
import { IssuancePolicy } from './issuance-policy';

/** Injection token of every strategy that is loaded, whatever the mode. */
export const STRATEGIES = Symbol('STRATEGIES');

/** Picks a strategy: by the mode to issue, by the shape of a token to understand, by the recorded kind to carry on. */
@Injectable()
export class AuthStrategies {
  constructor(
    @Inject(STRATEGIES) private readonly all: readonly AuthStrategy[],
    private readonly issuance: IssuancePolicy,
  ) {}

  /** The one that starts logins of people of a tenant that has chosen this mode, or none. */
  issuing(chosen: AuthMode | null): AuthStrategy {
    return this.of(this.issuance.modeFor(chosen));
  }

  /** The one that reads this token; null when none does, or its kind is not accepted. */
  recognizing(token: string): AuthStrategy | null {
    const strategy = this.all.find((candidate) => candidate.recognizes(token));
    return strategy && this.issuance.accepts.includes(strategy.mode) ? strategy : null;
  }

  continuing(kind: SuccessorKind): AuthStrategy {
    return this.of(kind === 'session' ? 'stateful' : 'stateless');
  }

  of(mode: AuthMode): AuthStrategy {
    const strategy = this.all.find((candidate) => candidate.mode === mode);
    if (!strategy) throw new Error(`There is no ${mode} strategy`);
    return strategy;
  }
}
