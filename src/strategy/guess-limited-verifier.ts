import { AccessTokenVerifier, AuthError, type AuthContext, type ClientInfo } from '@latchkey/nest';
import { addressKey } from '../protection/address-key';
import { type RateLimits } from '../protection/rate-limits';

/** Counts tokens that were never valid, per address. Whoever has a good one is never held up: a proof costs nothing more. */
export class GuessLimitedVerifier extends AccessTokenVerifier {
  constructor(
    private readonly verifier: AccessTokenVerifier,
    private readonly limits: RateLimits,
  ) {
    super();
  }

  /** @throws AuthError like the verifier behind it, and `rate_limited` in place of `invalid_token` */
  verify(accessToken: string, client: ClientInfo): AuthContext | Promise<AuthContext> {
    const proof = this.verifier.verify(accessToken, client);
    return proof instanceof Promise ? proof.catch((error: unknown) => this.refuse(error, client)) : proof;
  }

  private async refuse(error: unknown, { ipAddress }: ClientInfo): Promise<never> {
    const guessed = error instanceof AuthError && error.code === 'invalid_token';
    throw (guessed && (await this.limits.countFailure('token', addressKey(ipAddress), { ipAddress }))) || error;
  }
}
