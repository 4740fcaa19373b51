import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { AuthError } from '@latchkey/nest';
import { PassportRunner } from '../passport-runner';
import type { ProvenToken } from '../auth-strategy';
import { parseOpaqueToken } from '../opaque-token';
import { TokenPassportStrategy } from './token-passport.strategy';
import { SessionProofs } from './session-proofs';

export const SESSION_PASSPORT = 'latchkey-session';

/** The Passport strategy that proves opaque access tokens. */
@Injectable()
export class SessionPassportStrategy extends PassportStrategy(TokenPassportStrategy, SESSION_PASSPORT) {
  constructor(
    private readonly proofs: SessionProofs,
    runner: PassportRunner,
  ) {
    super();
    runner.register(SESSION_PASSPORT, this);
  }

  async validate(text: string): Promise<ProvenToken> {
    const token = parseOpaqueToken('access', text);
    if (!token) throw new AuthError('invalid_token', 'The access token is not valid', { detail: 'malformed' });
    return this.proofs.prove(token);
  }
}
