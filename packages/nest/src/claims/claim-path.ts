/** Reads the values that a path leads to. */
export type ClaimPath = (claims: object) => unknown[];

/**
 * A path into the claims of a token, such as `realm_access.roles` or `resource_access.*.roles`: names separated by
 * dots, `*` for every member of an object or item of a list. A dot inside a name is written `\.`.
 * @throws Error when a name is empty.
 */
export function claimPath(path: string): ClaimPath {
  const steps = path.match(/(?:\\.|[^.\\])+|\.(?=\.|$)|^\./gs)?.map((step) => step.replace(/\\(.)/gs, '$1')) ?? [];
  if (steps.length === 0 || steps.includes('.')) throw new Error(`No claim can be found by the path "${path}"`);
  return (claims) =>
    steps.reduce<unknown[]>((values, step) => values.flatMap((value) => membersOf(value, step)), [claims]);
}

/** Own members alone: a token must not reach what objects inherit. */
function membersOf(value: unknown, step: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (step === '*') return Object.values(value);
  return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
}

/** The one non-empty string a path leads to; null when there is none, or more than one. */
export function textAt(path: ClaimPath, claims: object): string | null {
  const values = path(claims);
  return values.length === 1 && typeof values[0] === 'string' && values[0] !== '' ? values[0] : null;
}

/** Every string found, and every string in every list found, each once. */
export function textsAt(paths: readonly ClaimPath[], claims: object): string[] {
  const found = paths.flatMap((path) => path(claims)).flat();
  return [...new Set(found.filter((value): value is string => typeof value === 'string' && value !== ''))];
}
