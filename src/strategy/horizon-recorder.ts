import { AuthError } from '@latchkey/nest';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { RevocationStore, type Horizons } from '../revocation/revocation.store';

const EVERY = 10 * 60_000;
/** More than `EVERY`: what is issued until the next record is covered too. Milliseconds. */
const AHEAD = 30 * 60_000;

/**
 * Records how long tokens may live that this process issues, before it issues any. Revocations are kept that long, even
 * when the lifetimes are shortened later.
 */
@Injectable()
export class HorizonRecorder implements OnModuleInit, OnApplicationShutdown {
  private recorded: Horizons | null = null;
  private recording: Promise<void> | null = null;
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

  /**
   * Before anything is issued. Memory only, unless the last record is too old: then it is made up for at once.
   * @throws AuthError `unavailable` when it cannot be: a revocation could be forgotten before the tokens it concerns.
   */
  async requireCover(): Promise<void> {
    if (this.isCovered()) return;
    const cause: unknown = await this.record().catch((error: unknown) => error);
    if (this.isCovered()) return;
    throw new AuthError('unavailable', 'Signing in is not possible at the moment', {
      cause,
      detail: 'horizons',
      retryAfter: 1,
    });
  }

  private isCovered(): boolean {
    const { access, login } = this.horizonsFrom(this.clock.now());
    return this.recorded !== null && access <= this.recorded.access && login <= this.recorded.login;
  }

  private record(): Promise<void> {
    this.recording ??= this.write().finally(() => (this.recording = null));
    return this.recording;
  }

  private async write(): Promise<void> {
    const horizons = this.horizonsFrom(this.clock.now() + AHEAD);
    await this.store.recordHorizons(horizons);
    this.recorded = horizons;
  }

  /** When the last of what is issued at that time is over. */
  private horizonsFrom(time: number): Horizons {
    const { jwt, session } = this.config.auth;
    const from = time + jwt.leeway;
    return {
      access: new Date(from + jwt.accessTokenTtl),
      login: new Date(from + Math.max(jwt.refreshTokenTtl, session.refreshTokenTtl)),
    };
  }
}
