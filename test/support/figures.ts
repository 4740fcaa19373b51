import { appendFileSync } from 'node:fs';
import { FULL } from './proof-size';

/** A number with its unit in the name (`p99_ms`), a word, or counts by name. */
export type Figure = number | string | Readonly<Record<string, number>>;

export interface ProofFigures {
  /** File of the proof without its ending, such as `flip`. */
  readonly proof: string;
  /** What is promised, as a sentence that a reader of docs/proof.md understands alone. */
  readonly promise: string;
  /** Profile or circumstance it was shown in; empty when there is only one. */
  readonly setting?: string;
  readonly figures: Readonly<Record<string, Figure>>;
}

/** Prints what a proof measured and, when LATCHKEY_FIGURES names a file, appends it there as one line of JSON. */
export function report(proof: ProofFigures): void {
  const line = JSON.stringify({ ...proof, size: FULL ? 'full' : 'reduced' });
  process.stdout.write(`figures ${line}\n`);
  const file = process.env['LATCHKEY_FIGURES'];
  if (file) appendFileSync(file, `${line}\n`);
}

/** The value below which `share` of all values lie; nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** p50, p99 and the maximum, in whole milliseconds. */
export function spread(milliseconds: readonly number[]): { p50_ms: number; p99_ms: number; max_ms: number } {
  const at = (share: number) => Math.round(percentile(milliseconds, share));
  return { p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) };
}
