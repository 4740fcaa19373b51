import ms, { type StringValue } from 'ms';

const SHAPE = /^\d{1,12}(ms|s|m|h|d)$/;
const UNITS = ['d', 'h', 'm', 's'] as const;

/** Milliseconds of a whole number with a unit (`250ms`, `30s`, `15m`, `24h`, `7d`), or null for anything else. */
export function parseDuration(text: string): number | null {
  return SHAPE.test(text) ? ms(text as StringValue) : null;
}

/** The shortest text that `parseDuration` turns back into exactly these milliseconds. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  const unit = UNITS.find((candidate) => milliseconds % ms(`1${candidate}`) === 0);
  return unit ? `${milliseconds / ms(`1${unit}`)}${unit}` : `${milliseconds}ms`;
}
