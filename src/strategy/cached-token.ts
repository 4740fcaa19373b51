import type { ClientInfo } from '@latchkey/nest';
import type { ProvenToken } from './auth-strategy';

/** A proof in memory. `version` is the feed's when it was last judged. */
export interface CachedToken {
  readonly proof: ProvenToken;
  readonly serveUntil: number;
  version: number;
  touchedAt: number;
  /** When another client was last noted. */
  changedAt: number;
  client: ClientInfo | null;
}
