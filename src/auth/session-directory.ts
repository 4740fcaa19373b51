import { Injectable } from '@nestjs/common';
import { AuthError, type AuthContext } from '@latchkey/nest';
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
    const { listSessions, revokeAllSessions } = this.capabilities.describe();
    if (!revokeAllSessions) throw keepsNoSessions();
    const sessions = await this.store.list(principal, this.clock.date());
    if (sessions.length === 0 && !listSessions) throw keepsNoSessions();
    return sessions;
  }
}

export function keepsNoSessions(): AuthError {
  return new AuthError('unsupported_in_mode', 'The configured mode keeps no sessions; see GET /auth/mode');
}
