import type { JwtAlgorithm } from '@latchkey/nest';

/** What is known of a signing key besides its bytes. Times in milliseconds since the epoch. */
export interface KeyLife {
  readonly id: string;
  readonly algorithm: JwtAlgorithm;
  /** It is a copy of `auth.jwt.secret`; every other key was made by the service. */
  readonly configured: boolean;
  readonly createdAt: number;
  readonly signsFrom: number;
  /** When its successor begins to sign; null while there is none. */
  readonly signsUntil: number | null;
  /** No access token of it lives longer; null until it has stopped to sign. */
  readonly publishedUntil: number | null;
  /** No refresh token of it lives longer; null until it has stopped to sign. */
  readonly verifiesUntil: number | null;
  readonly retiredAt: number | null;
  readonly lastSigningAt: number;
  /** Id of the root secret that its bytes are sealed by. */
  readonly sealedBy: string;
}

/**
 * `published`: known to readers, not signing yet. `retiring`: its access tokens may live on. `refresh_only`: only refresh
 * tokens of it may, which nobody but this service reads. `retired`: refused.
 */
export type KeyState = 'published' | 'signing' | 'retiring' | 'refresh_only' | 'retired';

export function stateOf(life: KeyLife, now: number): KeyState {
  if (life.retiredAt !== null || reached(life.verifiesUntil, now)) return 'retired';
  if (now < life.signsFrom) return 'published';
  if (!reached(life.signsUntil, now)) return 'signing';
  return reached(life.publishedUntil, now) ? 'refresh_only' : 'retiring';
}

/** Whether tokens of this use may bear the signature of a key in this state. */
export function verifies(state: KeyState, use: 'access' | 'refresh'): boolean {
  return state !== 'retired' && (use === 'refresh' || state !== 'refresh_only');
}

function reached(time: number | null, now: number): boolean {
  return time !== null && time <= now;
}
