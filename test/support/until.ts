import { setTimeout as pause } from 'node:timers/promises';

/** Asks again and again until the answer is yes; fails by name after `within` milliseconds. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  { within = 10_000, every = 10 } = {},
): Promise<void> {
  const deadline = performance.now() + within;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Not within ${within} ms: ${what}`);
    await pause(every);
  }
}
