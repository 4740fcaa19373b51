import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { AuditSealer } from './audit-sealer';

/** Seals every `audit.seal_every`, and never twice at a time. */
@Injectable()
export class AuditSealingJob implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer?: NodeJS.Timeout;
  private running: Promise<unknown> | null = null;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly sealer: AuditSealer,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.seal(), this.config.audit.sealEvery);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** What fails is tried again with the next turn. */
  private seal(): void {
    this.running ??= this.sealer
      .seal()
      .catch(() => undefined)
      .finally(() => (this.running = null));
  }
}
