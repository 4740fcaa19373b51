import type { OnApplicationShutdown } from '@nestjs/common';
import { ReplyError } from 'ioredis';
import { answerWithin } from './answer-within';
import type { RedisClient } from './redis-client';
import type { RedisLog } from './redis-log';

/** While Redis does not answer, it is asked for a sign of life this often. Milliseconds. */
const PROBE_EVERY = 1_000;

export interface RedisLimits {
  /** Milliseconds. */
  readonly commandTimeout: number;
  readonly connectTimeout: number;
}

/**
 * Redis as a helper that may be gone: every question is answered in time, by null when Redis does not. One answer that
 * stays out is enough to ask nothing more until Redis has answered a ping, which no request waits for.
 */
export class RedisConnection implements OnApplicationShutdown {
  private answers = false;
  private probing: Promise<void> | null = null;
  private closed = false;
  private readonly subscriptions = new Map<string, () => void>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly client: RedisClient,
    private readonly limits: RedisLimits,
    private readonly log: RedisLog,
  ) {
    client.on('ready', () => void this.resume());
    client.on('error', (error: Error) => this.lose(error));
    client.on('close', () => this.lose(new Error('the connection was closed')));
    client.on('message', (channel: string) => this.subscriptions.get(channel)?.());
    this.timer = setInterval(() => void this.probe(), PROBE_EVERY).unref();
  }

  /** True while Redis answers. */
  get isUp(): boolean {
    return this.answers;
  }

  /** Connects; resolves when that has succeeded or failed. Never rejects: it goes on trying. */
  async open(): Promise<void> {
    await answerWithin(this.limits.connectTimeout, this.client.connect()).catch((error: Error) => this.lose(error));
    await answerWithin(this.limits.commandTimeout, this.probe()).catch(() => undefined);
  }

  /** The answer, or null when there is none in time. Never rejects, and sends nothing while Redis does not answer. */
  async ask<T>(command: (redis: RedisClient) => Promise<T>): Promise<T | null> {
    if (!this.answers) return null;
    try {
      return await answerWithin(this.limits.commandTimeout, command(this.client));
    } catch (error) {
      // A refusal is an answer too: whoever can say no is alive.
      if (error instanceof ReplyError) this.log.refused(error as Error);
      else this.lose(error as Error);
      return null;
    }
  }

  /** Calls `heard` for every message, and each time that listening begins, because what was said before is unknown. */
  async subscribe(channel: string, heard: () => void): Promise<void> {
    this.subscriptions.set(channel, heard);
    if (this.answers) await answerWithin(this.limits.commandTimeout, this.listen()).catch(() => undefined);
  }

  onApplicationShutdown(): void {
    this.closed = true;
    this.answers = false;
    clearInterval(this.timer);
    this.client.disconnect();
  }

  private async resume(): Promise<void> {
    await this.listen();
    await this.probe();
  }

  private async listen(): Promise<void> {
    const channels = [...this.subscriptions.keys()];
    if (channels.length === 0) return;
    await this.client.subscribe(...channels).then(
      () => this.subscriptions.forEach((heard) => heard()),
      (error: Error) => this.log.refused(error),
    );
  }

  /** At most one at a time: what a frozen server has not answered yet must not pile up. */
  private probe(): Promise<void> {
    if (this.answers || this.closed) return Promise.resolve();
    this.probing ??= this.client
      .ping()
      .then(
        () => this.find(),
        (error: Error) => this.lose(error),
      )
      .finally(() => (this.probing = null));
    return this.probing;
  }

  private find(): void {
    if (this.closed) return;
    this.answers = true;
    this.log.restored();
  }

  private lose(error: Error): void {
    this.answers = false;
    if (!this.closed) this.log.lost(error);
  }
}
