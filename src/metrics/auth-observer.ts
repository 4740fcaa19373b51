import type { AuthHooks, CrossUserAttempt } from '@latchkey/nest';

type Validation = Parameters<NonNullable<AuthHooks['onValidation']>>;

/** What the guards tell, in plain numbers: on the path of a request counting must cost next to nothing. */
export class AuthObserver {
  accepted = 0;
  readonly refusals = new Map<Validation[1], { readonly result: Validation[0]; count: number }>();
  readonly keyReadings = { ok: 0, failed: 0, milliseconds: 0 };
  /** Whoever reports attempts at what belongs to others. */
  report: (attempt: CrossUserAttempt) => void = () => undefined;

  /** `counted` false: attempts are told, nothing is counted. */
  hooks(counted: boolean): AuthHooks {
    const attempts: AuthHooks = { onCrossUserAttempt: (attempt) => this.report(attempt) };
    if (!counted) return attempts;
    return {
      ...attempts,
      onValidation: (result, reason) => {
        if (result === 'accepted') this.accepted += 1;
        else this.refuse(result, reason);
      },
      onJwksFetch: (ok, milliseconds) => {
        this.keyReadings[ok ? 'ok' : 'failed'] += 1;
        this.keyReadings.milliseconds += milliseconds;
      },
    };
  }

  private refuse(result: Validation[0], reason: Validation[1]): void {
    const known = this.refusals.get(reason);
    if (known) known.count += 1;
    else this.refusals.set(reason, { result, count: 1 });
  }
}
