import { FULL } from './proof-size';

/** What else such a machine does may make anything take so many times as long. */
const BUSY = 10;

/**
 * The time within which something is promised, as a test may ask for it. Milliseconds.
 *
 * `npm run proof` measures promises on a machine that does nothing else and holds them to the letter. Beside other
 * tests only what hangs is told from what is slow: there it is ten times as long.
 */
export function timeLimit(milliseconds: number): number {
  return FULL ? milliseconds : BUSY * milliseconds;
}
