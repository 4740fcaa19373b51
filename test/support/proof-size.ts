/** True when LATCHKEY_PROOF=full: the sizes that docs/proof.md promises. Reduced runs keep the suite quick. */
export const FULL = process.env['LATCHKEY_PROOF'] === 'full';

/** Picks the size of a proof for this run. */
export function proofSize<T>(sizes: { readonly reduced: T; readonly full: T }): T {
  return FULL ? sizes.full : sizes.reduced;
}
