/**
 * Tells the processes of the fleet that something was revoked, so that they look at once. It carries no revocation: a
 * message that is lost costs the rest of a second, and one that is forged makes somebody look.
 */
export abstract class RevocationPush {
  /**
   * Listens from now on, again by itself when the way was lost, and calls `heard` for every message and each time that
   * listening begins. Resolves when the first attempt has succeeded or failed.
   */
  abstract listen(heard: () => void): Promise<void>;
  /** Tells every other process to look. Never rejects. */
  abstract hurry(): Promise<void>;
  abstract close(): Promise<void>;
}
