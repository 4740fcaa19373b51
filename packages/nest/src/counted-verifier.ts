import { AccessTokenVerifier } from './access-token-verifier';
import type { AuthContext, ClientInfo } from './auth-context';
import type { AuthHooks } from './auth-hooks';
import { asAuthError } from './problem-details';

/** Tells `onValidation` what becomes of every token. */
export class CountedVerifier extends AccessTokenVerifier {
  constructor(
    private readonly verifier: AccessTokenVerifier,
    private readonly tell: NonNullable<AuthHooks['onValidation']>,
  ) {
    super();
  }

  override start(): void | Promise<void> {
    return this.verifier.start();
  }

  override stop(): void | Promise<void> {
    return this.verifier.stop();
  }

  verify(token: string, client: ClientInfo): AuthContext | Promise<AuthContext> {
    try {
      const proof = this.verifier.verify(token, client);
      if (proof instanceof Promise) return proof.then(this.accepted, this.refused);
      return this.accepted(proof);
    } catch (error) {
      return this.refused(error);
    }
  }

  private readonly accepted = (auth: AuthContext): AuthContext => {
    this.tell('accepted', 'ok');
    return auth;
  };

  private readonly refused = (thrown: unknown): never => {
    const { code, status } = asAuthError(thrown);
    this.tell(status >= 500 ? 'unavailable' : 'refused', code);
    throw thrown;
  };
}
