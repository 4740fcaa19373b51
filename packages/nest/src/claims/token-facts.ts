import type { AccessTokenClaims, AuthContext, AuthMode, Principal } from '../auth-context';
import { AuthError } from '../auth-error';
import type { JsonObject } from '../http/bounded-fetch';
import type { Revocable } from '../revocation/revocation-mirror';

/** What a proven token says. */
export interface TokenFacts {
  readonly context: AuthContext;
  /** How the revocation feed reaches it; null for tokens of other issuers, which have no part in the feed. */
  readonly revocable: Revocable | null;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Up to the last moment that a Date can hold. */
const LAST_SECOND = 8.64e12;

/**
 * Reads claims in Latchkey's own names, from a verified JWT or from an introspection answer.
 * @throws AuthError `invalid_token` when one is missing that a login cannot be judged without.
 */
export function latchkeyFacts(claims: JsonObject, mode: AuthMode): TokenFacts {
  const principal = principalOf(claims);
  const sessionId = uuid(claims, 'sid');
  const { tenantId, userId } = principal;
  const generations = Object.freeze(generationsOf(claims['gen']));
  return {
    context: contextOf({ principal, claims, mode, sessionId, generations }),
    revocable: Object.freeze({ tenantId, userId, sessionId, generations }),
  };
}

interface ContextParts {
  readonly principal: Principal;
  readonly claims: JsonObject;
  readonly mode: AuthMode;
  readonly sessionId: string | null;
  readonly generations?: Revocable['generations'];
  /** Of a token of somebody else. */
  readonly issuer?: string;
}

/** The frozen proof that one token stands for. */
export function contextOf({ principal, claims, mode, sessionId, generations, issuer }: ContextParts): AuthContext {
  const { exp, auth_time: authTime, iat } = claims;
  return Object.freeze({
    principal,
    mode,
    sessionId: sessionId ?? undefined,
    ...(mode === 'stateless' && { claims: frozen(claims) as AccessTokenClaims }),
    ...(mode === 'stateful' && sessionId !== null && { session: Object.freeze(sessionFacts(sessionId)) }),
    expiresAt: dateOf(exp),
    amr: Object.freeze(texts(claims['amr'])),
    authTime: dateOf(authTime ?? iat ?? exp),
    ...(generations && { generations }),
    ...(issuer !== undefined && { issuer }),
  });
}

/** One object serves every request that presents the token: none may change it for the next. */
function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

/** The row itself stays in the service: whoever needs more of it asks there. */
function sessionFacts(id: string): NonNullable<AuthContext['session']> {
  return { id, ipAddress: null, userAgent: null, device: null, createdAt: null, lastActivity: null, expiresAt: null };
}

function principalOf(claims: JsonObject): Principal {
  const { sub, client_id: clientId, user_id: userId = sub } = claims;
  // A client acts for itself when it is its own subject (RFC 9068, section 5); a user may be named like a client.
  const kind = text(clientId) !== null && sub === clientId && userId === sub ? ('client' as const) : ('user' as const);
  return Object.freeze({
    kind,
    userId: uuid(claims, kind === 'client' ? 'sub' : 'user_id'),
    tenantId: uuid(claims, 'tenant_id'),
    email: text(claims['email']),
    username: text(claims['username']),
    name: text(claims['name']),
    roles: Object.freeze(texts(claims['roles'])),
  });
}

function generationsOf(value: unknown): Revocable['generations'] {
  const [global, tenant, user] = Array.isArray(value) ? (value as unknown[]) : [];
  if (![global, tenant, user].every(Number.isSafeInteger)) throw refused('gen');
  return { global: global as number, tenant: tenant as number, user: user as number };
}

/** @throws AuthError `invalid_token` when it is no moment. */
export function dateOf(seconds: unknown): Date {
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= LAST_SECOND)) throw refused('a time');
  return new Date(seconds * 1000);
}

/** What is no text counts as absent. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function uuid(claims: JsonObject, name: string): string {
  const value = claims[name];
  if (typeof value !== 'string' || !UUID.test(value)) throw refused(name);
  return value;
}

/** The answer to a token that was verified and yet says too little. */
export function refused(detail: string): AuthError {
  return new AuthError('invalid_token', 'The access token is not valid', { detail });
}
