import { Injectable } from '@nestjs/common';
import { AuthError, type AuthContext, type Principal } from '@latchkey/nest';
import { Clock } from '../common/clock';
import type { SessionView } from '../strategy/auth-strategy';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import { SessionStore } from '../strategy/session.store';

/** A person's own logins, as far as the mode keeps them. */
@Injectable()
export class SessionDirectory {
  constructor(
    private readonly store: SessionStore,
    private readonly capabilities: ModeCapabilities,
    private readonly clock: Clock,
  ) {}

  /** @throws AuthError `unsupported_in_mode` where logins leave no row and none is left from before. */
  async list({ principal }: AuthContext): Promise<SessionView[]> {
    requirePerson(principal);
    const { listSessions, revokeAllSessions } = await this.capabilities.ofTenant(principal);
    if (!revokeAllSessions) throw keepsNoSessions();
    const sessions = await this.store.list(principal, this.clock.date());
    if (sessions.length === 0 && !listSessions) throw keepsNoSessions();
    return sessions;
  }
}

export function keepsNoSessions(): AuthError {
  return new AuthError('unsupported_in_mode', 'The configured mode keeps no sessions; see GET /auth/mode');
}

/** A client has no logins to look at: its tokens end by `/oauth/revoke`, or with the client. */
export function requirePerson({ kind }: Principal): void {
  if (kind !== 'user') throw new AuthError('insufficient_role', 'This is for people, not for clients');
}
