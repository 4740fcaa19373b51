import type { Generations } from './generations';
import type { Revocation, RevocationTarget } from './revocation';

/** What must be known of a token to judge it. */
export interface Revocable {
  readonly tenantId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly generations: Generations;
}

/** `revoked`: the login is over. `renew`: this access token is out of date, the login goes on. */
export type Verdict = 'valid' | 'renew' | 'revoked';

interface Mark {
  generation: number;
  exceptSessionId?: string;
}

/**
 * Marks of one user, tenant or the whole instance. Two login marks suffice: the highest one, and the highest that
 * exempts another session, which is the only one that can reach the session exempted by the first.
 */
class Marks {
  private highest: Mark | null = null;
  private second: Mark | null = null;
  private renewBelow = 0;
  expiresAt = 0;

  add(revocation: Revocation): void {
    const generation = revocation.generation ?? 0;
    this.expiresAt = Math.max(this.expiresAt, revocation.accessExpiresAt);
    if (!revocation.endsLogin) this.renewBelow = Math.max(this.renewBelow, generation);
    else this.addLoginMark({ generation, exceptSessionId: exemptOf(revocation) });
  }

  verdict(generation: number, sessionId: string): Verdict {
    if (reaches(this.highest, generation, sessionId) || reaches(this.second, generation, sessionId)) return 'revoked';
    return generation < this.renewBelow ? 'renew' : 'valid';
  }

  private addLoginMark(mark: Mark): void {
    const others = [this.highest, this.second, mark].filter((m): m is Mark => m !== null);
    others.sort((a, b) => b.generation - a.generation);
    this.highest = others[0] ?? null;
    this.second = others.find((m) => m.exceptSessionId !== this.highest?.exceptSessionId) ?? null;
  }
}

function reaches(mark: Mark | null, generation: number, sessionId: string): boolean {
  return mark !== null && generation < mark.generation && mark.exceptSessionId !== sessionId;
}

function exemptOf({ target }: Revocation): string | undefined {
  return target.kind === 'user' ? target.exceptSessionId : undefined;
}

/** The feed as this process knows it, in memory. Answers without I/O. */
export class RevocationMirror {
  /** Grows with every change, so that a judgement can be kept until something changed. */
  version = 0;

  private readonly sessions = new Map<string, { expiresAt: number }>();
  private readonly users = new Map<string, Marks>();
  private readonly tenants = new Map<string, Marks>();
  private readonly everyone = new Marks();
  private readonly listeners = new Set<(reached: RevocationTarget) => void>();

  /** Calls `listener` after every change, with whom it may reach; returns how to stop. */
  onChange(listener: (reached: RevocationTarget) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Idempotent. */
  apply(revocation: Revocation): void {
    const { target } = revocation;
    this.version += 1;
    if (target.kind === 'session') {
      const key = `${ownerOf(target)}/${target.sessionId}`;
      // Pages may come late: a mark that was prolonged stays so.
      const expiresAt = Math.max(this.sessions.get(key)?.expiresAt ?? 0, revocation.accessExpiresAt);
      this.sessions.set(key, { expiresAt });
    } else if (target.kind === 'user') marksOf(this.users, ownerOf(target)).add(revocation);
    else if (target.kind === 'tenant') marksOf(this.tenants, target.tenantId).add(revocation);
    else this.everyone.add(revocation);
    for (const listener of this.listeners) listener(target);
  }

  verdict(token: Revocable): Verdict {
    const { generations, sessionId } = token;
    if (this.sessions.has(`${ownerOf(token)}/${sessionId}`)) return 'revoked';
    const verdicts = [
      this.users.get(ownerOf(token))?.verdict(generations.user, sessionId),
      this.tenants.get(token.tenantId)?.verdict(generations.tenant, sessionId),
      this.everyone.verdict(generations.global, sessionId),
    ];
    if (verdicts.includes('revoked')) return 'revoked';
    return verdicts.includes('renew') ? 'renew' : 'valid';
  }

  /** Drops what no living access token can be concerned by. */
  forgetExpired(now: number): void {
    for (const entries of [this.sessions, this.users, this.tenants]) {
      for (const [key, { expiresAt }] of entries) if (expiresAt <= now) entries.delete(key);
    }
  }

  get size(): number {
    return this.sessions.size + this.users.size + this.tenants.size;
  }
}

function ownerOf(of: { tenantId: string; userId: string }): string {
  return `${of.tenantId}/${of.userId}`;
}

function marksOf(marks: Map<string, Marks>, key: string): Marks {
  const known = marks.get(key) ?? new Marks();
  marks.set(key, known);
  return known;
}
