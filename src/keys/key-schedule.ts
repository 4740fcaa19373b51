import type { JwtAlgorithm } from '@latchkey/nest';
import { stateOf, type KeyLife } from './key-life';

/** Polls that every process surely makes before a new key signs. Milliseconds. */
export const LEARNED_AFTER = 5_000;
/** A key that no process signed with for so long has no signer any more: the algorithm was changed. */
export const UNUSED_AFTER = 7 * 24 * 60 * 60_000;
/** How often a process says which key it signs with. */
export const SIGNING_RECORDED_EVERY = 10 * 60_000;

/** How keys come and go. Milliseconds. */
export interface KeyPolicy {
  readonly algorithm: JwtAlgorithm;
  /** Id of the key of `auth.jwt.secret`, when that is what signs. */
  readonly configuredId: string | null;
  readonly rotateEvery: number;
  readonly publishAhead: number;
}

/** The key that signs at this moment; null when none can. */
export function signingKey<Key extends { readonly life: KeyLife }>(
  keys: readonly Key[],
  now: number,
  policy: KeyPolicy,
): Key | null {
  const signing = keys.filter(({ life }) => stateOf(life, now) === 'signing');
  const own = signing.filter(({ life }) => isOwn(life, policy));
  // While the key of a new algorithm is only published, the one of the old algorithm goes on.
  return (
    highest(own, (life) => life.signsFrom) ??
    highest(signing, (life) => life.lastSigningAt) ??
    keys.find(({ life }) => isOwn(life, policy) && stateOf(life, now) === 'published') ??
    null
  );
}

/** When the next key begins to sign, if it must be made now; null when none must. */
export function nextKeyFrom(lives: readonly KeyLife[], now: number, policy: KeyPolicy): number | null {
  const ahead = announcedAhead(policy);
  const endless = lives.filter((life) => isOwn(life, policy) && life.retiredAt === null && life.signsUntil === null);
  if (endless.length === 0) return lives.some((life) => stateOf(life, now) === 'signing') ? now + ahead : now;
  if (policy.configuredId !== null) return null;
  const due = Math.max(...endless.map((life) => life.signsFrom)) + policy.rotateEvery;
  return now < due - ahead ? null : Math.max(due, now + ahead);
}

/** How long before its first signature a key is made: until every reader of the JWKS has it. */
export function announcedAhead({ algorithm, publishAhead }: KeyPolicy): number {
  return isSymmetric(algorithm) ? LEARNED_AFTER : publishAhead + LEARNED_AFTER;
}

export function isSymmetric(algorithm: JwtAlgorithm): boolean {
  return algorithm.startsWith('HS');
}

/** One of those that this process's configuration signs with. */
export function isOwn(life: KeyLife, { algorithm, configuredId }: KeyPolicy): boolean {
  return configuredId === null ? !life.configured && life.algorithm === algorithm : life.id === configuredId;
}

function highest<Key extends { readonly life: KeyLife }>(
  keys: readonly Key[],
  of: (life: KeyLife) => number,
): Key | undefined {
  return keys.toSorted((a, b) => of(b.life) - of(a.life))[0];
}
