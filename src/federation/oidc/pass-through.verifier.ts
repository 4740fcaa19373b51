import { Injectable } from '@nestjs/common';
import { AccessTokenVerifier, VerifiedTokenCache, type AuthContext, type ClientInfo } from '@latchkey/nest';
import { Clock } from '../../common/clock';
import { looksOpaque } from '../../strategy/opaque-token';
import { StrategyTokenVerifier } from '../../strategy/token-verifier';
import { PassThroughTokens } from './pass-through-tokens';

interface ProvenProviderToken {
  readonly context: AuthContext;
  /** Milliseconds. */
  readonly serveUntil: number;
}

const MOST = 100_000;
/** Milliseconds. As long as the keys of a provider are believed without a look. */
const LONGEST = 60 * 60_000;

/** The service's own verifier, and beside it the tokens of providers that are passed through. */
@Injectable()
export class PassThroughVerifier extends AccessTokenVerifier {
  private readonly proven = new VerifiedTokenCache<ProvenProviderToken>(MOST);

  constructor(
    private readonly own: StrategyTokenVerifier,
    private readonly tokens: PassThroughTokens,
    private readonly clock: Clock,
  ) {
    super();
  }

  verify(token: string, client: ClientInfo): AuthContext | Promise<AuthContext> {
    if (looksOpaque(token)) return this.own.verify(token, client);
    const now = this.clock.now();
    const known = this.proven.get(token, now);
    if (known) return known.context;
    // One of ours that is known is not read once more to learn whose it is.
    if (this.own.signed.get(token, now) || !this.tokens.recognises(token)) return this.own.verify(token, client);
    return this.prove(token, now);
  }

  private async prove(token: string, now: number): Promise<AuthContext> {
    const context = await this.tokens.prove(token);
    this.proven.set(token, { context, serveUntil: Math.min(context.expiresAt.getTime(), now + LONGEST) });
    return context;
  }
}
