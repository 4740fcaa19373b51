import { algorithmSet } from './sets/algorithms.mjs';
import { profileSet } from './sets/profiles.mjs';

/** What is measured together, in one run, and compared with each other. */
export const SETS = { profiles: profileSet, algorithms: algorithmSet };

/**
 * The candidates of a set with these ids, else all of them, else those of a smoke run; in the order of the set.
 * @throws Error for an id that does not exist.
 */
export function chosen({ candidates }, only, quick = false) {
  const unknown = (only ?? []).filter((id) => !candidates.some((candidate) => candidate.id === id));
  if (unknown.length > 0) throw new Error(`There is no candidate ${unknown.join(', ')}; --list shows them`);
  if (only) return candidates.filter(({ id }) => only.includes(id));
  return candidates.filter(({ slow }) => !(quick && slow));
}

/**
 * The candidate of this id in whichever set.
 * @throws Error for an id that does not exist.
 */
export function candidateNamed(id) {
  return chosen({ candidates: Object.values(SETS).flatMap(({ candidates }) => candidates) }, [id])[0];
}
