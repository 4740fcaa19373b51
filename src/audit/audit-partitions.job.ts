import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { AuditPartitionsStore } from './audit-partitions.store';
import { AuditSealer } from './audit-sealer';

const EVERY = 3_600_000;
const AHEAD = 3;

/** Makes the partitions of the coming months and drops those that are older than `audit.retention`. */
@Injectable()
export class AuditPartitionsJob implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer?: NodeJS.Timeout;
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly partitions: AuditPartitionsStore,
    private readonly sealer: AuditSealer,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    const tend = (): void => void (this.running = this.runIfDue().catch(() => undefined));
    this.timer = setInterval(tend, EVERY);
    tend();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Null: another process is at it. */
  run(): Promise<{ made: string[]; dropped: string[] } | null> {
    return this.partitions.alone(async () => ({ made: await this.make(), dropped: await this.drop() }));
  }

  /** Looking costs no lock, and mostly there is nothing to do. */
  private async runIfDue(): Promise<void> {
    const due = [...(await this.missing()), ...(await this.old())];
    if (due.length > 0) await this.run();
  }

  private async make(): Promise<string[]> {
    const missing = await this.missing();
    for (const month of missing) await this.partitions.make(month);
    return missing;
  }

  private async drop(): Promise<string[]> {
    const old = await this.old();
    if (old.length === 0) return [];
    // What goes was sealed before it went, so that its absence can be told from a theft.
    await this.sealer.seal();
    for (const month of old) await this.partitions.drop(month, (tx, count) => this.sealer.sealDrop(tx, month, count));
    return old;
  }

  private async missing(): Promise<string[]> {
    const there = new Set(await this.partitions.months());
    const now = this.clock.date();
    const ahead = Array.from({ length: AHEAD + 1 }, (_, step) => monthAfter(now, step));
    return [...new Set([...ahead, ...(await this.partitions.homeless())])].filter((month) => !there.has(month));
  }

  private async old(): Promise<string[]> {
    const oldest = this.clock.now() - this.config.audit.retention;
    return (await this.partitions.months()).filter((month) => endOf(month) <= oldest);
  }
}

function monthAfter(date: Date, steps: number): string {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + steps)).toISOString().slice(0, 7);
}

function endOf(month: string): number {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return Date.UTC(year, number);
}
