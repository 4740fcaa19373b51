import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { LOGGER } from '../common/common.module';
import { hmacSha256 } from '../common/digest';
import type { EventFacts } from '../common/event-log';
import type { Logger } from '../common/logger';
import { KnownSignInStore } from '../identity/known-sign-in.store';
import { RepeatedWork } from '../mail/repeated-work';
import { deviceName } from '../strategy/device-name';
import { networkOf } from './network';
import { PersonNotices } from './person-notices';
import { SignInWorld } from './sign-in-world';

interface SignIn {
  readonly tenantId: string;
  readonly userId: string;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly fingerprint: Buffer;
}

/** More than that wait only while the database does not answer. */
const MOST_WAITING = 1_000;
const REMEMBERED = 10_000;
/** Milliseconds. Well below the day after which a place is noted again. */
const REMEMBERED_FOR = 60 * 60_000;
const RETRY_EVERY = 5_000;

/**
 * Tells people of sign-ins from a device or a network that they had not used before. Beside the logins, one at a time: a
 * login never waits for it, and one that is lost with its process is noticed the next time.
 */
@Injectable()
export class SignInWatch implements OnModuleInit, BeforeApplicationShutdown {
  private readonly waiting: SignIn[] = [];
  private readonly seen = new LRUCache<string, true>({ max: REMEMBERED, ttl: REMEMBERED_FOR });
  private readonly work = new RepeatedWork(() => this.judgeNext(), RETRY_EVERY);
  private readonly key: Buffer;

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly store: KnownSignInStore,
    private readonly notices: PersonNotices,
    private readonly world: SignInWorld,
  ) {
    this.key = world.roots.derive('known-sign-ins');
  }

  onModuleInit(): void {
    this.world.events.subscribe((event, facts) => {
      if (event === 'login_succeeded') this.note(facts);
    });
    this.work.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.work.stop();
  }

  /** Judges all that wait. */
  judge(): Promise<void> {
    return this.work.run();
  }

  private note({ tenantId, userId, ipAddress = null, userAgent = null }: EventFacts): void {
    if (tenantId === undefined || userId === undefined) return;
    const place = JSON.stringify([userId, deviceName(userAgent), networkOf(ipAddress)]);
    const fingerprint = hmacSha256(this.key, place);
    const known = fingerprint.toString('base64');
    if (this.seen.has(known) || this.waiting.length >= MOST_WAITING) return;
    this.seen.set(known, true);
    this.waiting.push({ tenantId, userId, ipAddress, userAgent, fingerprint });
    this.work.hurry();
  }

  private async judgeNext(): Promise<boolean> {
    const [next] = this.waiting;
    if (!next) return false;
    try {
      const isNews = await this.store.meet(next, next.fingerprint, this.world.clock.date());
      if (isNews) await this.notices.tell('new_device', next, next);
    } catch (error) {
      // Looked at again when the database answers.
      this.logger.debug({ err: error }, 'a sign-in could not be compared with earlier ones yet');
      throw error;
    }
    this.waiting.shift();
    return true;
  }
}
