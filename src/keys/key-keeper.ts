import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { KeyCabinet, type DraftKey } from './key-cabinet';
import { stateOf, type KeyLife } from './key-life';
import { keyPairsOfSecret } from './key-material';
import { KeyRing } from './key-ring';
import { nextKeyFrom, signingKey, SIGNING_RECORDED_EVERY, UNUSED_AFTER } from './key-schedule';
import type { LockedSigningKeys, TokenEnds } from './locked-signing-keys.store';

const POLL_INTERVAL = 1_000;

/**
 * Makes keys, lets them sign and retires them, on schedule. Every process does so; what is due is decided by the time
 * and the rows, and done by whoever gets the lock first.
 */
@Injectable()
export class KeyKeeper implements OnModuleInit, OnApplicationShutdown {
  private timer?: NodeJS.Timeout;
  private turn: Promise<void> | null = null;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly cabinet: KeyCabinet,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
    private readonly events: EventLog,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.cabinet.reseal();
    await this.tend();
    // A failed turn is taken again a second later; the ring knows how old its knowledge is.
    this.timer = setInterval(() => void this.tend().catch(() => this.ring.noticeEnds()), POLL_INTERVAL);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.turn?.catch(() => undefined);
  }

  /** Reads the ring and does what is due. A call while a turn is taken waits for that turn. */
  tend(): Promise<void> {
    this.turn ??= this.takeTurn().finally(() => (this.turn = null));
    return this.turn;
  }

  private async takeTurn(): Promise<void> {
    await this.ring.load();
    if (!this.isDue(this.ring.lives)) return;
    await this.change();
    await this.ring.load();
  }

  private isDue(lives: readonly KeyLife[]): boolean {
    const now = this.clock.now();
    const current = this.current(lives);
    return (
      nextKeyFrom(lives, now, this.ring.policy) !== null ||
      (current !== null && current.lastSigningAt < now - SIGNING_RECORDED_EVERY) ||
      lives.some((life) => needsAnEnd(life, now) || stateOf(life, now) === 'retired')
    );
  }

  private async change(): Promise<void> {
    // An RSA key takes a while: it is made before the lock is taken, and thrown away if another process was faster.
    const isNeeded = nextKeyFrom(this.ring.lives, this.clock.now(), this.ring.policy) !== null;
    const draft = isNeeded ? await this.draft() : null;
    await this.cabinet.underLock(async (keys, lives) => {
      const now = this.clock.now();
      const from = draft && nextKeyFrom(lives, now, this.ring.policy);
      if (from !== null) await this.keep(keys, lives, draft, from);
      const current = this.current(lives);
      if (current) await keys.recordUse(current.id, now);
      await keys.endUnused(now, now - UNUSED_AFTER);
      await keys.settle(now, this.endsOfTokens(now));
      for (const keyId of await keys.retire(now)) this.events.record('signing_key_retired', { keyId });
    });
  }

  private async keep(
    keys: LockedSigningKeys,
    lives: readonly KeyLife[],
    draft: DraftKey | null,
    from: number,
  ): Promise<void> {
    if (!draft) return;
    const known = lives.find((life) => life.id === draft.id);
    if (known && known.retiredAt !== null) {
      throw new Error('The key of auth.jwt.secret was retired: configure another secret');
    }
    if (known) await keys.signAt(known, from);
    else await keys.insert({ ...draft, createdAt: this.clock.now(), signsFrom: from });
    this.events.record('signing_key_published', { keyId: draft.id, algorithm: draft.algorithm });
  }

  /** The configured secret, or a new key. */
  private async draft(): Promise<DraftKey> {
    const { algorithm, configuredId } = this.ring.policy;
    if (configuredId === null) return this.cabinet.draft(algorithm);
    const pairs = keyPairsOfSecret(this.config.auth.jwt.secret ?? '');
    const pair = pairs.find(({ verifying }) => verifying.id === configuredId);
    if (!pair) throw new Error('The configured secret has no key for the configured algorithm');
    return this.cabinet.draftOf(pair);
  }

  private current(lives: readonly KeyLife[]): KeyLife | null {
    const keys = lives.map((life) => ({ life }));
    return signingKey(keys, this.clock.now(), this.ring.policy)?.life ?? null;
  }

  private endsOfTokens(now: number): TokenEnds {
    const { accessTokenTtl, refreshTokenTtl, leeway } = this.config.auth.jwt;
    const access = now + accessTokenTtl + leeway;
    return { access, refresh: Math.max(access, now + refreshTokenTtl + leeway) };
  }
}

function needsAnEnd(life: KeyLife, now: number): boolean {
  const state = stateOf(life, now);
  if (state === 'retiring' && life.publishedUntil === null) return true;
  return state === 'signing' && life.signsUntil === null && life.lastSigningAt < now - UNUSED_AFTER;
}
