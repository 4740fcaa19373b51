import { AccessTokenVerifier } from '../access-token-verifier';
import type { AuthContext } from '../auth-context';
import type { ConnectionJudge } from '../connections/connection-judge';
import { FeedJudge } from '../feed/feed-judge';
import type { RevocationFeedClient } from '../feed/revocation-feed.client';
import { VerifiedTokenCache } from '../verified-token-cache';
import type { VerifierParts } from '../verifier-recipe';
import type { OnUnreachable } from './common-options';
import type { ProvenToken } from './proven-token';
import { issuerOf, proveBy, type TrustedIssuer } from './trusted-issuer';

export interface SignedTokenSettings {
  /** Default 100 000. */
  readonly maxEntries?: number;
  /** Default `refuse`. */
  readonly onUnreachable?: OnUnreachable;
}

/**
 * Proves JWTs by their signatures. Order of a guarded request, as in the service: cache, revocation mirror, context;
 * all of it in memory and synchronous. Only a token not seen before reaches a key.
 */
export abstract class SignedTokenVerifier extends AccessTokenVerifier {
  protected abstract readonly issuers: readonly TrustedIssuer[];
  private readonly cache: VerifiedTokenCache<ProvenToken>;

  constructor(
    private readonly settings: SignedTokenSettings,
    private readonly parts: VerifierParts,
    private readonly feed: RevocationFeedClient | null,
  ) {
    super();
    this.cache = new VerifiedTokenCache(settings.maxEntries ?? 100_000);
  }

  override connectionJudge(): ConnectionJudge | null {
    return this.feed && new FeedJudge(this.feed, this.parts.clock);
  }

  override async start(): Promise<void> {
    const readying = this.issuers.flatMap(({ keys, discover }) => [keys.start(), discover?.()]);
    const started = await Promise.allSettled([this.feed?.start(), ...readying]);
    const failed = started.find((one) => one.status === 'rejected');
    if (!failed || this.settings.onUnreachable === 'start') return;
    await this.stop();
    throw new Error('Tokens cannot be verified: an issuer cannot be reached', { cause: failed.reason });
  }

  override stop(): Promise<void> | undefined {
    return this.feed?.stop();
  }

  verify(token: string): AuthContext | Promise<AuthContext> {
    const known = this.cache.get(token, this.parts.clock.now());
    if (!known) return this.prove(token);
    this.judge(token, known);
    return known.context;
  }

  protected forgetProofs(): void {
    this.cache.clear();
  }

  /** @throws AuthError when the feed has ended the login, or cannot be relied on. */
  private judge(token: string, known: ProvenToken): void {
    if (!this.feed || known.revocable === null) return;
    this.feed.requireTrustworthy();
    const { version } = this.feed.mirror;
    if (known.version === version) return;
    this.cache.delete(token);
    this.feed.requireValid(known.revocable);
    known.version = version;
    this.cache.set(token, known);
  }

  private async prove(token: string): Promise<AuthContext> {
    const facts = await proveBy(await issuerOf(token, this.issuers), token, this.parts.clock);
    const proven: ProvenToken = {
      ...facts,
      serveUntil: facts.context.expiresAt.getTime(),
      version: -1,
      provenAt: this.parts.clock.monotonic(),
    };
    this.judge(token, proven);
    this.cache.set(token, proven);
    return proven.context;
  }
}
