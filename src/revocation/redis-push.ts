import type { RedisConnection } from '../redis/redis-connection';
import { RevocationPush } from './revocation-push';

/** However many messages come, they lead to no more looks than one in this time. Milliseconds. */
const LOOK_EVERY = 20;

/** Publish and subscribe, which takes no lock in the database. */
export class RedisPush extends RevocationPush {
  private readonly channel: string;
  private looking?: NodeJS.Timeout;
  private again = false;

  constructor(
    private readonly redis: RedisConnection,
    prefix: string,
  ) {
    super();
    this.channel = `${prefix}:revocations`;
  }

  listen(heard: () => void): Promise<void> {
    return this.redis.subscribe(this.channel, () => this.look(heard));
  }

  async hurry(): Promise<void> {
    await this.redis.ask((redis) => redis.publish(this.channel, ''));
  }

  close(): Promise<void> {
    clearTimeout(this.looking);
    return Promise.resolve();
  }

  /** At once, and once more at the end of the pause when there was more: whoever can publish must not keep the database busy. */
  private look(heard: () => void): void {
    this.again = this.looking !== undefined;
    if (this.looking !== undefined) return;
    heard();
    this.looking = setTimeout(() => {
      this.looking = undefined;
      if (this.again) this.look(heard);
    }, LOOK_EVERY).unref();
  }
}
