import { Injectable } from '@nestjs/common';
import {
  ConnectionJudge,
  RevocationMirror,
  type AuthContext,
  type ConnectionVerdict,
  type RevocationTarget,
} from '@latchkey/nest';
import { Clock } from '../common/clock';
import { FeedPolicy } from './feed-policy';

/** Judges open connections as guarded requests are judged: by the feed, and by the policy for its loss. */
@Injectable()
export class FeedConnectionJudge extends ConnectionJudge {
  constructor(
    private readonly policy: FeedPolicy,
    private readonly mirror: RevocationMirror,
    private readonly clock: Clock,
  ) {
    super();
  }

  judge(auth: AuthContext): ConnectionVerdict {
    const { principal, sessionId, generations } = auth;
    if (!this.policy.isSignedByLiveKey(auth)) return 'revoked';
    if (!generations || sessionId === undefined) return 'valid';
    const { tenantId, userId } = principal;
    const verdict = this.mirror.verdict({ tenantId, userId, sessionId, generations });
    return verdict === 'valid' && !this.policy.isTrustworthy() ? 'unknown' : verdict;
  }

  onChange(listener: (reached: RevocationTarget) => void): () => void {
    return this.mirror.onChange(listener);
  }

  now(): number {
    return this.clock.now();
  }
}
