import type { Generations } from './revocation/generations';

/** `stateful`: opaque session tokens kept in a database. `stateless`: signed JWTs. */
export type AuthMode = 'stateful' | 'stateless';

/** Who acts. The tenant travels inside it, so that no query can forget it. */
export interface Principal {
  readonly kind: 'user' | 'client';
  /** UUID. */
  readonly userId: string;
  /** UUID. */
  readonly tenantId: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly name: string | null;
  readonly roles: readonly string[];
}

/** Claims of a verified JWT access token (RFC 9068), as they stood in the token. */
export type AccessTokenClaims = Readonly<Record<string, unknown>> & {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly jti: string;
};

/** What a stateful request knows of its session row. An application that asks by introspection knows the id alone. */
export interface SessionFacts {
  readonly id: string;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly device: string | null;
  readonly createdAt: Date | null;
  readonly lastActivity: Date | null;
  /** The deadline of the login; refreshing does not move it. */
  readonly expiresAt: Date | null;
}

/** Proof for one request. Frozen: the same object serves every request that presents the same token. */
export interface AuthContext {
  readonly principal: Principal;
  readonly mode: AuthMode;
  /** Id of the login (`sid`). */
  readonly sessionId?: string;
  /** Present when the token is opaque. */
  readonly session?: SessionFacts;
  /** Present when the token is a JWT. */
  readonly claims?: AccessTokenClaims;
  /** When the access token dies. */
  readonly expiresAt: Date;
  /** Authentication methods (RFC 8176), such as `pwd`. */
  readonly amr: readonly string[];
  /** When the person last proved a credential. */
  readonly authTime: Date;
  /** Of a token that another issuer made, where it names that one: `userId` is a subject there, and means nothing without it. */
  readonly issuer?: string;
  /** What revocations are compared with; absent where nothing can revoke the token before it expires. */
  readonly generations?: Generations;
  /** Key that signed the token, where a connection must end once that key is retired. */
  readonly keyId?: string;
}

/** What is known of the caller beside the token. */
export interface ClientInfo {
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  /** For the log. */
  readonly requestId?: string;
}
