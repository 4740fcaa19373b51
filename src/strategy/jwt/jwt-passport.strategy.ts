import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import type { ProvenToken } from '../auth-strategy';
import { PassportRunner } from '../passport-runner';
import { accessClaims } from './jwt-claims';
import { JwtProofs } from './jwt-proofs';
import { JwtVerification, PinnedKey, verifyWith, type ExpectedClaims } from './jwt-verification';

export const JWT_PASSPORT = 'latchkey-jwt';

type Verified = (error: unknown, payload?: unknown) => void;
type Verifier = (token: string, key: unknown, options: VerifierOptions, done: Verified) => void;

interface VerifierOptions extends ExpectedClaims {
  readonly clockTolerance: number;
}

// One verifier for the process: it takes the algorithm from the key. Keys that are not ours go to the library's own.
const passportJwt = Strategy as unknown as { JwtVerifier: Verifier };
const libraryVerifier = passportJwt.JwtVerifier;
passportJwt.JwtVerifier = (token, key, options, done) => {
  if (!(key instanceof PinnedKey)) return libraryVerifier(token, key, options, done);
  let payload: unknown;
  try {
    const { issuer, audience, clockTolerance } = options;
    payload = verifyWith(key, token, { issuer, audience }, clockTolerance * 1000);
  } catch (error) {
    return done(error);
  }
  return done(null, payload);
};

/** The Passport strategy that proves JWT access tokens. */
@Injectable()
export class JwtPassportStrategy extends PassportStrategy(Strategy, JWT_PASSPORT) {
  constructor(
    @Inject(CONFIG) config: Config,
    verification: JwtVerification,
    private readonly proofs: JwtProofs,
    runner: PassportRunner,
  ) {
    const { issuer, audience, leeway } = config.auth.jwt;
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      issuer,
      audience,
      jsonWebTokenOptions: { clockTolerance: leeway / 1000 },
      secretOrKeyProvider: (_request, token: string, done) => {
        try {
          done(null, verification.keyFor(token, 'access') as unknown as string);
        } catch (error) {
          done(error as Error);
        }
      },
    });
    runner.register(JWT_PASSPORT, this);
  }

  validate(payload: unknown): ProvenToken {
    return this.proofs.proofOf(accessClaims.parse(payload));
  }
}
