import type { OpenFeedConnection } from '../database/database.module';
import { RevocationPush } from './revocation-push';
import type { RevocationStore } from './revocation.store';

type FeedConnection = ReturnType<OpenFeedConnection>;

const RECONNECT_AFTER = 1_000;

/** NOTIFY and LISTEN, over a connection of its own. */
export class PostgresPush extends RevocationPush {
  private connection: FeedConnection | null = null;
  private reconnecting?: NodeJS.Timeout;
  private closed = false;

  constructor(
    private readonly store: RevocationStore,
    private readonly openConnection: OpenFeedConnection,
  ) {
    super();
  }

  async listen(heard: () => void): Promise<void> {
    const connection = this.openConnection();
    this.connection = connection;
    const lost = (): void => this.lose(connection, heard);
    connection.on('error', lost);
    connection.on('end', lost);
    connection.on('notification', heard);
    try {
      await connection.connect();
      await connection.query('LISTEN latchkey_revocations');
      heard();
    } catch {
      lost();
    }
  }

  hurry(): Promise<void> {
    return this.store.hurry().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.reconnecting);
    await this.connection?.end().catch(() => undefined);
  }

  private lose(connection: FeedConnection, heard: () => void): void {
    if (this.connection !== connection || this.closed) return;
    this.connection = null;
    connection.end().catch(() => undefined);
    this.reconnecting = setTimeout(() => void this.listen(heard), RECONNECT_AFTER).unref();
  }
}
