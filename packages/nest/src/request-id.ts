import { randomUUID } from 'node:crypto';

const given = new WeakMap<object, string>();

/** The id that the framework gave this request; where it gives none, one that stays the same for the request. */
export function requestIdOf(request: object): string {
  const { id } = request as { id?: unknown };
  if (typeof id === 'string') return id;
  const known = given.get(request) ?? randomUUID();
  given.set(request, known);
  return known;
}
