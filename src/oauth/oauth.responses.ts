import type { Revocation } from '@latchkey/nest';
import type { ClientToken } from '../strategy/client-tokens';
import type { FeedPart } from './feed-reader';
import type { IntrospectedToken } from './introspection.service';

/** RFC 6749, section 5.1. */
export function tokenResponse({ accessToken, expiresIn }: ClientToken): object {
  return { access_token: accessToken, token_type: 'Bearer', expires_in: expiresIn };
}

/** RFC 7662, section 2.2: of a token that is not active nothing is said. */
export function introspectionResponse(token: IntrospectedToken | null): object {
  if (!token) return { active: false };
  const { context, sessionId, generations } = token.proof;
  const { principal, mode, claims, session } = context;
  return {
    active: true,
    token_type: 'Bearer',
    token_kind: mode === 'stateful' ? 'opaque' : 'jwt',
    iss: token.issuer,
    sub: token.subject,
    aud: token.audience,
    exp: secondsOf(context.expiresAt),
    // Nothing is kept of when an opaque token was issued; it is not older than its login.
    iat: claims?.iat ?? secondsOf(session?.createdAt ?? context.authTime),
    ...(token.jti !== undefined && { jti: token.jti }),
    sid: sessionId,
    ...(token.clientId !== undefined && { client_id: token.clientId }),
    user_id: principal.userId,
    tenant_id: principal.tenantId,
    username: principal.username,
    email: principal.email,
    name: principal.name,
    roles: principal.roles,
    amr: context.amr,
    auth_time: secondsOf(context.authTime),
    gen: [generations.global, generations.tenant, generations.user],
  };
}

export function feedResponse({ revocations, cursor, complete }: FeedPart): object {
  return { revocations: revocations.map(revocationResponse), cursor, complete };
}

function revocationResponse({ target, generation, endsLogin, reason, accessExpiresAt }: Revocation): object {
  return {
    kind: target.kind,
    tenant_id: 'tenantId' in target ? target.tenantId : null,
    user_id: 'userId' in target ? target.userId : null,
    sid: target.kind === 'session' ? target.sessionId : null,
    generation,
    except_sid: (target.kind === 'user' && target.exceptSessionId) || null,
    ends_login: endsLogin,
    reason,
    expires_at: new Date(accessExpiresAt).toISOString(),
  };
}

function secondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
