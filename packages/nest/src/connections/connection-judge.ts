import type { AuthContext } from '../auth-context';
import type { Clock } from '../clock';
import type { RevocationTarget } from '../revocation/revocation';
import type { Verdict } from '../revocation/revocation-mirror';

/** `unknown`: revocations cannot be read, and the policy for that case forbids to go on. */
export type ConnectionVerdict = Verdict | 'unknown';

/**
 * Says of a proof that was given before whether it still holds. Asked at every message of a socket, once a second for
 * every connection, and for those concerned as soon as something was revoked: answers from memory.
 */
export abstract class ConnectionJudge {
  abstract judge(auth: AuthContext): ConnectionVerdict;
  /** Calls `listener` after every revocation, with whom it may reach; returns how to stop. */
  abstract onChange(listener: (reached: RevocationTarget) => void): () => void;
  /** Wall clock, milliseconds: what expiry is judged by. */
  abstract now(): number;
}

/** Where nothing tells of revocations: a connection lives as long as its access token. */
export class ExpiryJudge extends ConnectionJudge {
  constructor(private readonly clock: Clock) {
    super();
  }

  judge(): ConnectionVerdict {
    return 'valid';
  }

  onChange(): () => void {
    return () => undefined;
  }

  now(): number {
    return this.clock.now();
  }
}
