import type { AuthContext } from '../auth-context';
import { AuthError } from '../auth-error';
import type { ConnectionJudge } from './connection-judge';

/** The wire under a connection that outlives its handshake. */
export interface ConnectionLink {
  /** Says goodbye; null when the process stops. Called once. */
  end(reason: AuthError | null): void;
  /** Cuts the wire, for a peer that does not take leave. */
  destroy(): void;
  /** Called once a second: what the wire itself has to see to. */
  beat?(): void;
}

/** What the watch learns of its connections. */
export interface ConnectionRegister {
  readonly judge: ConnectionJudge;
  ended(connection: WatchedConnection): void;
  left(connection: WatchedConnection): void;
}

/** For how long a peer may go without answering a goodbye. Milliseconds. */
const LEAVE_WITHIN = 1_000;

/** One open connection and the proof that it lives by; null for an anonymous one. */
export class WatchedConnection {
  private endedAt: number | null = null;

  constructor(
    private current: AuthContext | null,
    private readonly link: ConnectionLink,
    private readonly register: ConnectionRegister,
  ) {}

  get auth(): AuthContext | null {
    return this.current;
  }

  get isOver(): boolean {
    return this.endedAt !== null;
  }

  /** True while the proof is good; what is not good ends here. */
  holds(): boolean {
    if (this.isOver) return false;
    const reason = this.current && refusalOf(this.current, this.register.judge);
    if (reason) this.end(reason);
    return reason === null;
  }

  /** Takes a later proof of the same login; an earlier one changes nothing. */
  renew(auth: AuthContext): void {
    if (this.current && auth.expiresAt >= this.current.expiresAt) this.current = auth;
  }

  end(reason: AuthError | null): void {
    if (this.isOver) return;
    this.endedAt = this.register.judge.now();
    this.register.ended(this);
    try {
      this.link.end(reason);
    } catch {
      this.link.destroy();
    }
  }

  /** To be called once the wire is gone. */
  leave(): void {
    this.endedAt ??= this.register.judge.now();
    this.register.ended(this);
    this.register.left(this);
  }

  /** For a peer that does not take leave. Not every wire tells that it was cut. */
  cut(): void {
    this.link.destroy();
    this.leave();
  }

  /** Once a second. */
  beat(): void {
    if (this.endedAt === null) {
      if (this.holds()) this.link.beat?.();
    } else if (this.register.judge.now() - this.endedAt >= LEAVE_WITHIN) this.cut();
  }
}

/** Why this proof is not good any more, or null while it is. */
export function refusalOf(auth: AuthContext, judge: ConnectionJudge): AuthError | null {
  const verdict = judge.judge(auth);
  if (verdict === 'revoked') return new AuthError('token_revoked', 'The login was ended');
  if (verdict === 'renew') return new AuthError('token_expired', 'The access token is out of date: refresh it');
  if (auth.expiresAt.getTime() <= judge.now()) return new AuthError('token_expired', 'The access token has expired');
  if (verdict === 'valid') return null;
  return new AuthError('unavailable', 'Revocations cannot be checked right now', { retryAfter: 1, detail: 'feed' });
}
