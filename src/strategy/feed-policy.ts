import { AuthError, RevocationMirror } from '@latchkey/nest';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { KeyRing } from '../keys/key-ring';
import { RevocationFeed } from '../revocation/revocation-feed';
import type { ProvenToken } from './auth-strategy';

/** What the revocation feed and the key ring say of a proven token, and what holds while the feed is lost. Memory only, no I/O. */
@Injectable()
export class FeedPolicy {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly feed: RevocationFeed,
    private readonly mirror: RevocationMirror,
    private readonly keys: KeyRing,
  ) {}

  /** Changes whenever something was revoked, or a key. */
  get version(): number {
    return this.mirror.version + this.keys.version;
  }

  isFresh(): boolean {
    return this.feed.isFresh();
  }

  /**
   * For tokens that only the feed can revoke.
   * @throws AuthError `unavailable` when the feed is older than the configuration allows.
   */
  requireTrustworthy(): void {
    if (this.isTrustworthy()) return;
    throw new AuthError('unavailable', 'Revocations cannot be checked right now', { retryAfter: 1, detail: 'feed' });
  }

  /** False while the feed is older than the configuration allows. */
  isTrustworthy(): boolean {
    if (this.feed.isFresh()) return true;
    const age = this.feed.age();
    const { onLoss, maxStaleness } = this.config.auth.feed;
    return age !== null && onLoss === 'bounded_staleness' && age <= maxStaleness;
  }

  /**
   * @throws AuthError `token_revoked` when the login is over, `token_expired` when the token must be renewed,
   * `invalid_token` when its key was retired.
   */
  requireValid(proof: ProvenToken): void {
    if (!this.isSignedByLiveKey(proof)) {
      throw new AuthError('invalid_token', 'The token is not valid', { detail: 'key retired' });
    }
    if (!proof.revocable) return;
    const verdict = this.verdict(proof);
    if (verdict === 'revoked') throw new AuthError('token_revoked', 'The login was ended');
    if (verdict === 'renew') throw new AuthError('token_expired', 'The access token is out of date: refresh it');
  }

  /** True for tokens that no key signed. */
  isSignedByLiveKey({ keyId }: { readonly keyId?: string }): boolean {
    return keyId === undefined || this.keys.find(keyId, 'access') !== null;
  }

  verdict({ context, sessionId, generations }: ProvenToken): 'valid' | 'renew' | 'revoked' {
    const { tenantId, userId } = context.principal;
    return this.mirror.verdict({ tenantId, userId, sessionId, generations });
  }
}
