import type { AuthContext } from '../auth-context';
import type { Clock } from '../clock';
import { ConnectionJudge, type ConnectionVerdict } from '../connections/connection-judge';
import type { RevocationTarget } from '../revocation/revocation';
import type { RevocationFeedClient } from './revocation-feed.client';

/** Judges open connections of a resource server by the feed that it follows. */
export class FeedJudge extends ConnectionJudge {
  constructor(
    private readonly feed: RevocationFeedClient,
    private readonly clock: Clock,
  ) {
    super();
  }

  judge({ principal, sessionId, generations }: AuthContext): ConnectionVerdict {
    if (!generations || sessionId === undefined) return 'valid';
    const { tenantId, userId } = principal;
    const verdict = this.feed.mirror.verdict({ tenantId, userId, sessionId, generations });
    return verdict === 'valid' && !this.feed.isTrustworthy() ? 'unknown' : verdict;
  }

  onChange(listener: (reached: RevocationTarget) => void): () => void {
    return this.feed.mirror.onChange(listener);
  }

  now(): number {
    return this.clock.now();
  }
}
