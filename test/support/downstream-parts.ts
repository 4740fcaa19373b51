import { AuthError, Clock, type AuthContext, type AuthHooks, type VerifierParts } from '@latchkey/nest';
import type { AccessTokenVerifier } from '@latchkey/nest';

/** Both of the machine's clocks, moved forward at will. */
export class MovableClock extends Clock {
  private offset = 0;

  override now(): number {
    return super.now() + this.offset;
  }

  override monotonic(): number {
    return super.monotonic() + this.offset;
  }

  advance(milliseconds: number): void {
    this.offset += milliseconds;
  }
}

/** What a verifier is made with in a test. */
export function verifierParts(hooks: AuthHooks = {}): VerifierParts & { readonly clock: MovableClock } {
  return { clock: new MovableClock(), hooks };
}

const CLIENT_INFO = { ipAddress: null, userAgent: null };

/** What becomes of a token: `ok`, or the code it is refused with. */
export async function fate(verifier: AccessTokenVerifier, token: string): Promise<string> {
  try {
    await verifier.verify(token, CLIENT_INFO);
    return 'ok';
  } catch (error) {
    return error instanceof AuthError ? error.code : `${String(error)}`;
  }
}

export async function proofOf(verifier: AccessTokenVerifier, token: string): Promise<AuthContext> {
  return verifier.verify(token, CLIENT_INFO);
}

/** True when the verifier answers without a promise. */
export function answersAtOnce(verifier: AccessTokenVerifier, token: string): boolean {
  return !(verifier.verify(token, CLIENT_INFO) instanceof Promise);
}
