import { Injectable } from '@nestjs/common';
import passport from 'passport';

type Outcome = (error: unknown, user?: unknown, info?: unknown) => void;
type Middleware = (request: object, response: object, next: (error?: unknown) => void) => void;

/**
 * Runs a Passport strategy on a bare token, so that HTTP, WebSocket and jobs are recognised by the same code. Has a
 * Passport of its own: two applications in one process do not overwrite each other's strategies.
 */
@Injectable()
export class PassportRunner {
  private readonly passport = new passport.Passport();

  register(name: string, strategy: passport.Strategy): void {
    this.passport.use(name, strategy);
  }

  /** Resolves with what the strategy's `validate` returned; rejects with its error, or with the reason it failed. */
  run<Proof>(name: string, token: string): Promise<Proof> {
    return new Promise((resolve, reject) => {
      const done: Outcome = (error, user, info) => {
        if (error) reject(error as Error);
        else if (user) resolve(user as Proof);
        else reject(info instanceof Error ? info : new Error('The strategy refused the token'));
      };
      const authenticate = this.passport.authenticate(name, { session: false }, done) as Middleware;
      authenticate({ headers: { authorization: `Bearer ${token}` } }, {}, reject);
    });
  }
}
