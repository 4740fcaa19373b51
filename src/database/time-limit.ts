import { Clock } from '../common/clock';

/** A question that is true until this many milliseconds have passed. */
export function timeLimit(milliseconds: number, clock: Clock = new Clock()): () => boolean {
  const end = clock.monotonic() + milliseconds;
  return () => clock.monotonic() < end;
}
