import type {
  AuthContext,
  AuthMode,
  ClientInfo,
  Generations,
  Principal,
  RevocationReason,
  RevocationTarget,
} from '@latchkey/nest';
import type { VerifiedPerson } from '../identity/verified-person';

/**
 * What a refresh is carried on as. `session`: opaque tokens and a row. `tracked_jwt`: a JWT beside a row and an opaque
 * refresh token. `untracked_jwt`: JWTs alone.
 */
export type SuccessorKind = 'session' | 'tracked_jwt' | 'untracked_jwt';

/** A login that one of its own tokens names. */
export interface NamedLogin {
  readonly tenantId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly generations: Generations;
}

/** What a login brings beside the person. */
export interface LoginFacts {
  readonly client: ClientInfo;
  /** Authentication methods, RFC 8176. */
  readonly amr: readonly string[];
  /** False asks for the short login. */
  readonly remember: boolean;
  /** When the person proved a credential, where that was elsewhere and earlier. Default: now. */
  readonly authTime?: Date;
}

/** An access token that was proven, and what must stay true for it to be served again without asking. */
export interface ProvenToken {
  readonly context: AuthContext;
  readonly sessionId: string;
  /** The generations as of the proof; a higher mark in the feed ends it. */
  readonly generations: Generations;
  /** The key that signed it; retiring that key ends it. */
  readonly keyId?: string;
  /** False in the profile that keeps nothing which could revoke. */
  readonly revocable: boolean;
  /** True when a row keeps the last activity of this login. */
  readonly recordsActivity: boolean;
  /** Wall clock, milliseconds: not served from memory after this. */
  readonly serveUntil: number;
  /** The client that the login belongs to; null when nothing is known of it. */
  readonly client: ClientInfo | null;
}

/** The row behind a grant, as the person it belongs to may see it. */
export interface SessionView {
  readonly id: string;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly device: string | null;
  readonly amr: readonly string[];
  readonly createdAt: Date;
  readonly lastActivity: Date;
  /** Deadline of the login. */
  readonly expiresAt: Date;
}

/** Result of a login or refresh. */
export interface TokenGrant {
  readonly sessionId: string;
  readonly principal: Principal;
  readonly accessToken: string;
  readonly accessExpiresAt: Date;
  /** Deadline of the login. */
  readonly loginExpiresAt: Date;
  /** Seconds, counted from when the access token was first issued. */
  readonly expiresIn: number;
  readonly refreshToken: string;
  /** Present whenever a row exists. */
  readonly session?: SessionView;
}

/** The decision about one refresh token, taken once. */
export interface ConsumedLogin {
  readonly sessionId: string;
  /** Status, roles and generations as of this refresh. */
  readonly person: VerifiedPerson;
  readonly successorKind: SuccessorKind;
  /** When it was decided; the successor counts its life from here, replay or not. */
  readonly consumedAt: Date;
  /** Deadline of the login. */
  readonly deadline: Date;
  readonly amr: readonly string[];
  readonly authTime: Date;
  readonly client: ClientInfo;
  /** Hash of the consumed token. */
  readonly parentHash: Buffer;
  /** What the successor's secrets are derived from, so that a replay yields the same ones. */
  readonly seed: Buffer;
  /** True when a row stood behind the consumed token. */
  readonly hadRow: boolean;
  readonly replayed: boolean;
}

/** One way to recognise a principal on the next request. Both are always loaded; the mode picks which one issues. */
export interface AuthStrategy {
  readonly mode: AuthMode;
  /** False where nothing is kept that could end a login before its tokens expire. */
  readonly revokes: boolean;
  /** True when the token has this strategy's shape. No I/O. */
  recognizes(token: string): boolean;
  /** Starts a login for a person whose credential has already been verified. */
  issue(person: VerifiedPerson, login: LoginFacts): Promise<TokenGrant>;
  /** Proves an access token or throws an AuthError with a stable code. Never a partial proof. */
  authenticate(accessToken: string): Promise<ProvenToken>;
  /**
   * Decides, once, what becomes of this refresh token. Replays inside the window get the recorded decision; reuse,
   * where state exists to prove it, revokes the login.
   */
  consume(refreshToken: string, client: ClientInfo): Promise<ConsumedLogin>;
  /** Carries a consumed login on, also one that the other strategy consumed. Never revives a revoked login. */
  continue(login: ConsumedLogin): Promise<TokenGrant>;
  /**
   * The login that this access or refresh token proves itself to be of; null when it proves nothing or its login is
   * known to be over. Uses nothing up.
   */
  identify(token: string): Promise<NamedLogin | null>;
  /** Idempotent. @throws AuthError `unsupported_in_mode` where nothing is kept that could revoke. */
  revoke(target: RevocationTarget, reason: RevocationReason): Promise<void>;
}
