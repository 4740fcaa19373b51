import { stateOf, type KeyLife, type KeyState } from './key-life';

/** A signing key as operators see it. */
export interface KeyFacts {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: KeyState;
  readonly origin: string;
  readonly created_at: Date;
  readonly signs_from: Date;
  readonly signs_until: Date | null;
  readonly published_until: Date | null;
  readonly verifies_until: Date | null;
  readonly retired_at: Date | null;
}

export function keyFacts(life: KeyLife, now: number): KeyFacts {
  return {
    kid: life.id,
    algorithm: life.algorithm,
    state: stateOf(life, now),
    origin: life.configured ? 'auth.jwt.secret' : 'made here',
    created_at: new Date(life.createdAt),
    signs_from: new Date(life.signsFrom),
    signs_until: dateOrNull(life.signsUntil),
    published_until: dateOrNull(life.publishedUntil),
    verifies_until: dateOrNull(life.verifiesUntil),
    retired_at: dateOrNull(life.retiredAt),
  };
}

function dateOrNull(time: number | null): Date | null {
  return time === null ? null : new Date(time);
}
