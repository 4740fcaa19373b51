import { AccessTokenVerifier } from '../access-token-verifier';
import type { AuthContext, AuthMode, Principal } from '../auth-context';
import { AuthError } from '../auth-error';

/** Who a test acts as. What is not given has a value that looks real. */
export interface TestUser extends Partial<Omit<Principal, 'roles'>> {
  readonly roles?: readonly string[];
  /** Default `stateless`: the user comes with a JWT. */
  readonly mode?: AuthMode;
  readonly sessionId?: string;
  /** Further claims of the JWT. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly amr?: readonly string[];
  /** When the user last proved a credential, ISO 8601. Default: long ago, so that no `@RequireFresh` is met. */
  readonly authTime?: string;
}

const PREFIX = 'test-user.';
const SOMEONE: Principal = {
  kind: 'user',
  userId: '00000000-0000-4000-8000-000000000001',
  tenantId: '00000000-0000-4000-8000-00000000000a',
  email: 'someone@example.com',
  username: null,
  name: 'Someone',
  roles: [],
};
const SESSION = '00000000-0000-4000-8000-0000000000ff';
/** 2024-01-01 and 2100-01-01, in seconds: a test must not depend on the day it runs. */
const [LOGGED_IN_AT, DIES_AT] = [1_704_067_200, 4_102_444_800];

/**
 * Request headers of someone who is signed in, for tests of an application whose `AccessTokenVerifier` is a `TestVerifier`.
 * @throws Error in production.
 */
export function asUser(user: TestUser = {}): { authorization: string } {
  refuseInProduction();
  return { authorization: `Bearer ${PREFIX}${Buffer.from(JSON.stringify(user)).toString('base64url')}` };
}

/** Believes whatever `asUser` says and nothing else. No network. @throws Error in production. */
export class TestVerifier extends AccessTokenVerifier {
  constructor() {
    super();
    refuseInProduction();
  }

  verify(token: string): AuthContext {
    refuseInProduction();
    if (!token.startsWith(PREFIX)) throw new AuthError('invalid_token', 'The access token is not one of asUser()');
    return contextOf(JSON.parse(Buffer.from(token.slice(PREFIX.length), 'base64url').toString()) as TestUser);
  }
}

function contextOf({
  mode = 'stateless',
  sessionId = SESSION,
  claims,
  amr = ['pwd'],
  authTime,
  ...user
}: TestUser): AuthContext {
  const principal = { ...SOMEONE, ...user };
  const provenAt = authTime === undefined ? LOGGED_IN_AT : Math.floor(Date.parse(authTime) / 1000);
  const times = { iat: LOGGED_IN_AT, exp: DIES_AT, auth_time: provenAt };
  const own = { iss: 'test', sub: principal.userId, aud: 'test', jti: 'test', sid: sessionId, ...times };
  const none = { ipAddress: null, userAgent: null, device: null, createdAt: null, lastActivity: null, expiresAt: null };
  return {
    principal,
    mode,
    sessionId,
    ...(mode === 'stateless' ? { claims: { ...own, ...claims } } : { session: { id: sessionId, ...none } }),
    expiresAt: new Date(DIES_AT * 1000),
    amr,
    authTime: new Date(provenAt * 1000),
  };
}

function refuseInProduction(): void {
  if (process.env['NODE_ENV'] === 'production')
    throw new Error('@latchkey/nest/testing must not be used in production');
}
