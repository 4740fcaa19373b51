import type { AuthContext, ClientInfo } from './auth-context';
import type { ConnectionJudge } from './connections/connection-judge';

/**
 * Proves access tokens for the guard. Implementations answer synchronously when they can (a cached token), because
 * an `await` on the guarded path costs more than the check itself.
 */
export abstract class AccessTokenVerifier {
  /** @throws AuthError with a 401 code when the token is refused, a 503 code when it cannot be judged. */
  abstract verify(accessToken: string, client: ClientInfo): AuthContext | Promise<AuthContext>;

  /** Says of connections whether their proof still holds; null when nothing tells this verifier of revocations. */
  connectionJudge(): ConnectionJudge | null {
    return null;
  }

  /** Called once, before the application serves. Rejects when it must not start. */
  start(): void | Promise<void> {}

  /** Called once, when the application shuts down. */
  stop(): void | Promise<void> {}
}
