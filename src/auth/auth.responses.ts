import type { AuthContext, Principal } from '@latchkey/nest';
import type { SessionView, TokenGrant } from '../strategy/auth-strategy';
import type { Capabilities } from '../strategy/mode-capabilities';
import type { IssuedTicket } from '../strategy/tickets';
import type { LogoutEffect } from './auth.service';

/** The one place where camelCase becomes the wire's snake_case. */
export function grantResponse(grant: TokenGrant): object {
  return {
    access_token: grant.accessToken,
    refresh_token: grant.refreshToken,
    token_type: 'Bearer',
    expires_in: grant.expiresIn,
    expires_at: grant.accessExpiresAt.toISOString(),
    user: userResponse(grant.principal),
    ...(grant.session && { session: grantedSessionResponse(grant.session) }),
  };
}

export function userResponse(principal: Principal): object {
  const { userId, tenantId, email, username, name, roles } = principal;
  return { id: userId, tenant_id: tenantId, email, username, name, roles };
}

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

export function ticketResponse({ ticket, expiresIn }: IssuedTicket): object {
  return { ticket, expires_in: expiresIn };
}

function grantedSessionResponse(session: SessionView): object {
  return {
    id: session.id,
    ip_address: session.ipAddress,
    user_agent: session.userAgent,
    last_activity: session.lastActivity.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    created_at: session.createdAt.toISOString(),
  };
}
