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

/** The quickest of several, in milliseconds: what waits for something waits each time, whatever the machine does beside. */
export async function quickestOf(times: number, work: () => Promise<unknown>): Promise<number> {
  let quickest = Infinity;
  for (let i = 0; i < times; i += 1) {
    const begun = performance.now();
    await work();
    quickest = Math.min(quickest, performance.now() - begun);
  }
  return quickest;
}
