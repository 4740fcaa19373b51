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

const REFUSALS = {
  invalid_token: 'The access token is not valid',
  token_revoked: 'The login was ended',
  token_expired: 'The access token has expired',
} as const;

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
    const hash = hashOfSecret(token.secret);
    const isGood = (copy: AccessRecord) => this.refusalOf(copy, hash) === null;
    const record = await this.store.findForAccess(token.sessionId, isGood);
    const refusal = this.refusalOf(record, hash);
    if (refusal) throw new AuthError(refusal, REFUSALS[refusal]);
    return this.proofOf(record as AccessRecord, hash);
  }

  private refusalOf(record: AccessRecord | null, hash: Buffer): keyof typeof REFUSALS | null {
    const ends = record && endOf(record, hash);
    if (!record || ends === null) return 'invalid_token';
    if (record.revoked) return 'token_revoked';
    const now = this.clock.now();
    return ends <= now || this.isIdle(record, now) ? 'token_expired' : null;
  }

  private isIdle({ session }: AccessRecord, now: number): boolean {
    const { idleTimeout } = this.config.auth.session;
    if (idleTimeout === 0) return false;
    const seen = Math.max(session.lastActivity.getTime(), this.activity.lastSeen(session.id) ?? 0);
    return now - seen > idleTimeout + ACTIVITY_LAG;
  }

  private proofOf(record: AccessRecord, hash: Buffer): ProvenToken {
    const ends = endOf(record, hash) as number;
    const { maxStaleness } = this.config.auth.session.cache;
    const limit =
      this.config.auth.session.idleTimeout === 0 ? maxStaleness : Math.min(maxStaleness, LONGEST_WITH_IDLE_LIMIT);
    return {
      context: contextOf(record, new Date(ends)),
      sessionId: record.session.id,
      generations: record.generations,
      revocable: true,
      recordsActivity: true,
      serveUntil: Math.min(ends, (record.readAt ?? this.clock.now()) + limit),
      client: record.session,
    };
  }
}

/** When this token of the login expires, at the latest with the login; null when it is none of its tokens. */
function endOf(record: AccessRecord, hash: Buffer): number | null {
  const expiresAt = expiryFor(record, hash);
  return expiresAt && Math.min(expiresAt.getTime(), record.session.expiresAt.getTime());
}

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
