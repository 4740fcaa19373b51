import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { CONFIG } from '../config/config.token';
import { RootKeys } from '../keys/root-keys';
import { seal, unseal } from '../keys/sealed-box';
import type { RedisConnection } from '../redis/redis-connection';
import { REDIS } from '../redis/redis.module';
import { decodeCopy, encodeCopy, type SessionCopy } from './session-copy';
import type { AccessRecord } from './session.store';

/** Longer than a row takes to be read and copied. Milliseconds. */
const MARKED_FOR = 5_000;
/** A row that took longer than this to be read is not copied: the mark of its change may be gone. Milliseconds. */
const COPIED_WITHIN = 4_000;
const MARK = '-';

/** A row that was not copied yet. */
export interface Reading {
  readonly readAt: number;
  readonly begun: number;
}

/** What is read of the configuration. */
export interface CopySettings {
  readonly redis: { readonly prefix: string };
  /** A copy is used no longer after its row was read. Milliseconds. */
  readonly auth: { readonly session: { readonly cache: { readonly maxStaleness: number } } };
}

/**
 * Copies of rows in Redis. They are sealed, bound to their id and say when their row was read, so Redis is trusted with
 * nothing: whoever writes to it can make a copy disappear, or show one again while it is still young enough to be used.
 *
 * A copy is only ever written where nothing is, and a change of the row leaves a mark there for a while. So a reader that
 * was overtaken by the change cannot put back what it read before. Only reading is waited for: commands of one
 * connection are carried out in order, and a write that is lost costs a copy or leaves one to the other bounds.
 */
@Injectable()
export class SessionCopies {
  private readonly key: Buffer;
  private readonly maxStaleness: number;
  private readonly prefix: string;

  constructor(
    @Inject(CONFIG) settings: CopySettings,
    @Inject(REDIS) private readonly redis: RedisConnection | null,
    roots: RootKeys,
    private readonly clock: Clock,
  ) {
    this.key = roots.derive('session-copies');
    this.maxStaleness = settings.auth.session.cache.maxStaleness;
    this.prefix = settings.redis.prefix;
  }

  /** Null when there is none, it cannot be used, or Redis does not answer in time. */
  async find(id: string): Promise<SessionCopy | null> {
    const name = this.nameOf(id);
    const box = await this.redis?.ask((redis) => redis.getBuffer(name));
    const plain = box && unseal(this.key, box, name);
    const copy = plain && decodeCopy(plain);
    return copy?.session.id === id && this.isYoung(copy) ? copy : null;
  }

  /** To be called before the row is read. */
  reading(): Reading {
    return { readAt: this.clock.now(), begun: this.clock.monotonic() };
  }

  /** Keeps a copy unless something is there. */
  keep(record: AccessRecord, { readAt, begun }: Reading): void {
    const now = this.clock.now();
    const life = Math.min(readAt + this.maxStaleness, record.session.expiresAt.getTime()) - now;
    if (life < 1 || record.revoked || this.clock.monotonic() - begun > COPIED_WITHIN) return;
    const name = this.nameOf(record.session.id);
    const box = seal(this.key, encodeCopy({ ...record, readAt }), name);
    void this.redis?.ask((redis) => redis.set(name, box, 'PX', Math.ceil(life), 'NX'));
  }

  /** The row has changed: no copy of it for a while. */
  mark(id: string): void {
    void this.redis?.ask((redis) => redis.set(this.nameOf(id), MARK, 'PX', MARKED_FOR));
  }

  /** A copy from the future comes from a process whose clock is ahead: its age is unknown. */
  private isYoung({ readAt, session }: SessionCopy): boolean {
    const now = this.clock.now();
    return readAt <= now && now - readAt < this.maxStaleness && session.expiresAt.getTime() > now;
  }

  private nameOf(id: string): string {
    return `${this.prefix}:session:${id}`;
  }
}
