import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { RevocationStore } from '../revocation/revocation.store';

const EVERY = 10 * 60_000;
/** More than `EVERY`: what is issued until the next record is covered too. Milliseconds. */
const AHEAD = 30 * 60_000;

/**
 * Records how long tokens may live that this process issues, before it issues any. Revocations are kept that long, even
 * when the lifetimes are shortened later.
 */
@Injectable()
export class HorizonRecorder implements OnModuleInit, OnApplicationShutdown {
  private timer?: NodeJS.Timeout;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: RevocationStore,
    private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.record();
    this.timer = setInterval(() => void this.record().catch(() => undefined), EVERY);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private record(): Promise<void> {
    const { jwt, session } = this.config.auth;
    const from = this.clock.now() + AHEAD + jwt.leeway;
    return this.store.recordHorizons({
      access: new Date(from + jwt.accessTokenTtl),
      login: new Date(from + Math.max(jwt.refreshTokenTtl, session.refreshTokenTtl)),
    });
  }
}
