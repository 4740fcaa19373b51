import type { Principal } from '@latchkey/nest';
import type { SessionView, TokenGrant } from '../strategy/auth-strategy';
import type { StartedLogin } from './login-issuer';

/** What a login or a refresh answers, in the wire's snake_case. */
export function grantResponse(grant: TokenGrant): object {
  const { accessToken, refreshToken } = grant;
  return { access_token: accessToken, refresh_token: refreshToken, token_type: 'Bearer', ...withoutTokens(grant) };
}

/** The same where the tokens are in cookies. */
export function withoutTokens(grant: TokenGrant): object {
  return {
    expires_in: grant.expiresIn,
    expires_at: grant.accessExpiresAt.toISOString(),
    user: userResponse(grant.principal),
    ...(grant.session && { session: grantedSessionResponse(grant.session) }),
  };
}

/** A login has more to tell than a refresh: the token of a device that is remembered from now on. */
export function loginResponse({ grant, device }: StartedLogin, respond = grantResponse): object {
  return {
    ...respond(grant),
    ...(device && { device_token: device.token, device_trusted_until: device.trustedUntil?.toISOString() ?? null }),
  };
}

export function userResponse(principal: Principal): object {
  const { userId, tenantId, email, username, name, roles } = principal;
  return { id: userId, tenant_id: tenantId, email, username, name, roles };
}

export function grantedSessionResponse(session: SessionView): object {
  return {
    id: session.id,
    ip_address: session.ipAddress,
    user_agent: session.userAgent,
    last_activity: session.lastActivity.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    created_at: session.createdAt.toISOString(),
  };
}
