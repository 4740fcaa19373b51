import { Inject, Injectable } from '@nestjs/common';
import { AccessTokenVerifier, AuthError, VerifiedTokenCache, type AuthContext, type ClientInfo } from '@latchkey/nest';
import { Clock } from '../common/clock';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { AuthStrategies } from './auth-strategies';
import type { ProvenToken } from './auth-strategy';
import type { CachedToken } from './cached-token';
import { ClientWatch } from './client-watch';
import { FeedPolicy } from './feed-policy';
import { looksOpaque } from './opaque-token';

/**
 * The service's own verifier. Order of a guarded request: cache, feed, client binding, context. Only a miss reaches
 * Passport and a strategy.
 */
@Injectable()
export class StrategyTokenVerifier extends AccessTokenVerifier {
  /** What is remembered of tokens, by their kind. */
  readonly opaque: VerifiedTokenCache<CachedToken>;
  readonly signed: VerifiedTokenCache<CachedToken>;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly strategies: AuthStrategies,
    private readonly feed: FeedPolicy,
    private readonly clients: ClientWatch,
    private readonly clock: Clock,
  ) {
    super();
    const { cache, session } = config.auth;
    this.opaque = new VerifiedTokenCache(cache.enabled && session.cache.enabled ? session.cache.maxEntries : 0);
    this.signed = new VerifiedTokenCache(cache.enabled ? cache.maxEntries : 0);
  }

  verify(accessToken: string, client: ClientInfo): AuthContext | Promise<AuthContext> {
    const now = this.clock.now();
    const known = this.cacheOf(accessToken).get(accessToken, now);
    if (known && this.mayServe(accessToken, known)) return this.clients.admit(known, client, now);
    return this.prove(accessToken, client);
  }

  /**
   * The proof of a token that somebody else was given, as a guarded request would get it. Whom the login is bound to is
   * not compared: who asks is a resource server. @throws AuthError like `verify`
   */
  async inspect(accessToken: string): Promise<ProvenToken> {
    const now = this.clock.now();
    const known = this.cacheOf(accessToken).get(accessToken, now);
    const served = known !== undefined && this.mayServe(accessToken, known);
    const entry = served ? known : await this.establish(accessToken);
    if (!served) this.cacheOf(accessToken).set(accessToken, entry);
    this.clients.noteActivity(entry, now);
    return entry.proof;
  }

  /** False when the strategy must be asked again. Throws when a signed token is no longer good. */
  private mayServe(token: string, known: CachedToken): boolean {
    if (known.proof.context.mode === 'stateful') return this.feed.isFresh() && this.isUnchanged(token, known);
    if (known.proof.revocable) this.feed.requireTrustworthy();
    if (known.version === this.feed.version) return true;
    this.signed.delete(token);
    this.feed.requireValid(known.proof);
    known.version = this.feed.version;
    this.signed.set(token, known);
    return true;
  }

  /** Whatever was revoked around a session token, its row knows best: any verdict but `valid` means reading it again. */
  private isUnchanged(token: string, known: CachedToken): boolean {
    const { version } = this.feed;
    if (known.version === version) return true;
    if (this.feed.verdict(known.proof) === 'valid') {
      known.version = version;
      return true;
    }
    this.opaque.delete(token);
    return false;
  }

  private async prove(token: string, client: ClientInfo): Promise<AuthContext> {
    const entry = await this.establish(token);
    const context = this.clients.admit(entry, client, this.clock.now());
    this.cacheOf(token).set(token, entry);
    return context;
  }

  private async establish(token: string): Promise<CachedToken> {
    const strategy = this.strategies.recognizing(token);
    if (!strategy) throw new AuthError('invalid_token', 'The access token is not valid', { detail: 'kind' });
    // Taken before the proof: what is revoked while it is made is judged on the next request.
    const { version } = this.feed;
    const proof = await strategy.authenticate(token);
    if (proof.revocable && strategy.mode === 'stateless') this.judgeSigned(proof);
    return this.entryOf(proof, version);
  }

  private judgeSigned(proof: ProvenToken): void {
    this.feed.requireTrustworthy();
    this.feed.requireValid(proof);
  }

  private entryOf(proof: ProvenToken, version: number): CachedToken {
    const { serveUntil, client, context } = proof;
    return {
      proof,
      serveUntil,
      version,
      client,
      touchedAt: context.session?.lastActivity?.getTime() ?? 0,
      changedAt: 0,
    };
  }

  private cacheOf(token: string): VerifiedTokenCache<CachedToken> {
    return looksOpaque(token) ? this.opaque : this.signed;
  }
}
