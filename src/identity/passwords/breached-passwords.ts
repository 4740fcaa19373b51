/** A list of passwords that became known, asked by their SHA-1. */
export interface BreachedPasswords {
  /** Rejects when the list cannot be asked. */
  includes(sha1: Buffer): Promise<boolean>;
  /** Gives back what it holds. */
  close?(): Promise<void>;
}
