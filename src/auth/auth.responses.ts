import type { AuthContext } from '@latchkey/nest';
import { grantedSessionResponse, userResponse } from '../sign-in/grant-response';
import type { SessionView } from '../strategy/auth-strategy';
import type { Capabilities } from '../strategy/mode-capabilities';
import type { IssuedTicket } from '../strategy/tickets';
import type { ShownInvitation } from './invitation-acceptance';
import type { LogoutEffect } from '../sign-in/logout.service';

export function meResponse({ principal, mode, ...context }: AuthContext): object {
  return {
    user: userResponse(principal),
    mode,
    session_id: context.sessionId ?? null,
    expires_at: context.expiresAt.toISOString(),
    amr: context.amr,
    auth_time: context.authTime.toISOString(),
  };
}

export function sessionResponse(session: SessionView, currentId: string | undefined): object {
  return {
    ...grantedSessionResponse(session),
    device: session.device,
    amr: session.amr,
    current: session.id === currentId,
  };
}

export function modeResponse(capabilities: Capabilities): object {
  return {
    mode: capabilities.mode,
    accepts: capabilities.accepts,
    access_token: capabilities.accessToken,
    refresh_token: capabilities.refreshToken,
    list_sessions: capabilities.listSessions,
    revoke_session: capabilities.revokeSession,
    revoke_all_sessions: capabilities.revokeAllSessions,
    logout_takes_effect: capabilities.logoutTakesEffect,
    login_identifier: capabilities.identifier,
    registration: capabilities.registration,
  };
}

export function logoutResponse(effect: LogoutEffect): object {
  return { takes_effect: effect.takesEffect, access_token_valid_until: effect.validUntil?.toISOString() ?? null };
}

export function invitationResponse({
  invitation: { email, expiresAt },
  tenant: { id, name },
}: ShownInvitation): object {
  return { email, tenant: { id, name }, expires_at: expiresAt.toISOString() };
}

export function ticketResponse({ ticket, expiresIn }: IssuedTicket): object {
  return { ticket, expires_in: expiresIn };
}
