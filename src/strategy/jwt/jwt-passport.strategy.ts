import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { ProvenToken } from '../auth-strategy';
import { PassportRunner } from '../passport-runner';
import { accessClaims } from './jwt-claims';
import { JwtProofs } from './jwt-proofs';
import { JwtVerification, PinnedJwt } from './jwt-verification';

export const JWT_PASSPORT = 'latchkey-jwt';

type Verified = (error: unknown, payload?: unknown) => void;
type Verifier = (token: string, key: unknown, options: object, done: Verified) => void;

/** What our key provider hands to the verifier: a token that already knows its key. */
class Judgement {
  constructor(
    readonly pinned: PinnedJwt,
    readonly by: JwtVerification,
  ) {}
}

// One verifier for the process: it takes the algorithm from the key. Keys that are not ours go to the library's own.
const passportJwt = Strategy as unknown as { JwtVerifier: Verifier };
const libraryVerifier = passportJwt.JwtVerifier;
passportJwt.JwtVerifier = (token, key, options, done) => {
  if (!(key instanceof Judgement)) return libraryVerifier(token, key, options, done);
  let payload: unknown;
  try {
    payload = { claims: key.by.verify(key.pinned), keyId: key.pinned.key.id };
  } catch (error) {
    return done(error);
  }
  return done(null, payload);
};

/** The Passport strategy that proves JWT access tokens. */
@Injectable()
export class JwtPassportStrategy extends PassportStrategy(Strategy, JWT_PASSPORT) {
  constructor(
    verification: JwtVerification,
    private readonly proofs: JwtProofs,
    runner: PassportRunner,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: (_request, token: string, done) => {
        verification.pin(token, 'access').then(
          (pinned) => done(null, new Judgement(pinned, verification) as unknown as string),
          (error: Error) => done(error),
        );
      },
    });
    runner.register(JWT_PASSPORT, this);
  }

  validate({ claims, keyId }: { claims: unknown; keyId: string }): ProvenToken {
    return this.proofs.proofOf(accessClaims.parse(claims), keyId);
  }
}
