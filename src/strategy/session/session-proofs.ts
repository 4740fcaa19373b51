import { Inject, Injectable } from '@nestjs/common';
import { AuthError, type AuthContext } from '@latchkey/nest';
import { Clock } from '../../common/clock';
import { digestsMatch } from '../../common/digest';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { ActivityRecorder, ACTIVITY_LAG } from '../activity-recorder';
import type { ProvenToken } from '../auth-strategy';
import { hashOfSecret } from '../lineage';
import type { OpaqueToken } from '../opaque-token';
import { SessionStore, type AccessRecord } from '../session.store';

/** While idle time is limited, no proof is served from memory for longer: what was read then is what idleness is judged by. */
const LONGEST_WITH_IDLE_LIMIT = 60_000;

/** Judges opaque access tokens by their row, read once. */
@Injectable()
export class SessionProofs {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: SessionStore,
    private readonly activity: ActivityRecorder,
    private readonly clock: Clock,
  ) {}

  async prove(token: OpaqueToken): Promise<ProvenToken> {
    const record = await this.store.findForAccess(token.sessionId);
    const now = this.clock.now();
    const expiresAt = record && expiryFor(record, hashOfSecret(token.secret));
    if (!record || !expiresAt) throw new AuthError('invalid_token', 'The access token is not valid');
    if (record.revoked) throw new AuthError('token_revoked', 'The login was ended');
    const ends = Math.min(expiresAt.getTime(), record.session.expiresAt.getTime());
    if (ends <= now || this.isIdle(record, now)) throw new AuthError('token_expired', 'The access token has expired');
    return this.proofOf(record, new Date(ends), now);
  }

  private isIdle({ session }: AccessRecord, now: number): boolean {
    const { idleTimeout } = this.config.auth.session;
    if (idleTimeout === 0) return false;
    const seen = Math.max(session.lastActivity.getTime(), this.activity.lastSeen(session.id) ?? 0);
    return now - seen > idleTimeout + ACTIVITY_LAG;
  }

  private proofOf(record: AccessRecord, expiresAt: Date, now: number): ProvenToken {
    const { maxStaleness } = this.config.auth.session.cache;
    const limit =
      this.config.auth.session.idleTimeout === 0 ? maxStaleness : Math.min(maxStaleness, LONGEST_WITH_IDLE_LIMIT);
    return {
      context: contextOf(record, expiresAt),
      sessionId: record.session.id,
      generations: record.generations,
      revocable: true,
      recordsActivity: true,
      serveUntil: Math.min(expiresAt.getTime(), now + limit),
      client: record.session,
    };
  }
}

/** When this token of the login expires; null when it is none of its tokens. */
function expiryFor(record: AccessRecord, hash: Buffer): Date | null {
  if (digestsMatch(record.accessHash, hash)) return record.accessExpiresAt;
  if (digestsMatch(record.previousAccessHash, hash)) return record.previousAccessUntil;
  return null;
}

function contextOf({ session, principal, authTime, generations }: AccessRecord, expiresAt: Date): AuthContext {
  const { id, ipAddress, userAgent, device, createdAt, lastActivity } = session;
  return Object.freeze({
    principal: Object.freeze({ ...principal, roles: Object.freeze([...principal.roles]) }),
    mode: 'stateful' as const,
    sessionId: id,
    session: Object.freeze({ id, ipAddress, userAgent, device, createdAt, lastActivity, expiresAt: session.expiresAt }),
    expiresAt,
    amr: Object.freeze([...session.amr]),
    authTime,
    generations: Object.freeze(generations),
  });
}
