import type { Settings } from './config.schema';

/** A contradiction between keys: reported at `key`, and only when none of `key` and `reads` is wrong in itself. */
export interface Finding {
  key: string;
  reads?: readonly string[];
  message: string;
}

/** Judges settings that are each right in themselves. */
export type Rule = (settings: Settings, environment: string) => (Finding | false)[];
