/** What one check of `latchkey doctor` found. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do about it. */
  readonly mend?: string;
  /** Figures behind it, for programs. */
  readonly facts?: Readonly<Record<string, unknown>>;
}
