/** Injection token of the stores that the cleanup job goes through, in order. */
export const PURGEABLE = Symbol('PURGEABLE');

/** A store that can drop what is over. */
export interface Purgeable {
  /** Removes at most `limit` rows; returns how many. */
  purgeExpired(now: Date, limit: number): Promise<number>;
}
