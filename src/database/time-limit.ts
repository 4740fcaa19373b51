import { Clock } from '../common/clock';

/** A question that is true until this many milliseconds have passed. */
export function timeLimit(milliseconds: number, clock: Clock = new Clock()): () => boolean {
  const end = clock.monotonic() + milliseconds;
  return () => clock.monotonic() < end;
}

/** Waits for an orderly end, but not for ever: a peer that is gone does not answer a farewell. */
export async function atMost(milliseconds: number, ending: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([ending, limit]).finally(() => clearTimeout(timer));
}
