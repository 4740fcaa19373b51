import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { AuthContext } from '../auth-context';
import type { RevocationTarget } from '../revocation/revocation';
import { ConnectionJudge } from './connection-judge';
import { WatchedConnection, type ConnectionLink } from './watched-connection';

const BEAT = 1_000;
/** What goodbyes may take when the process stops. Milliseconds. */
const GOODBYES = 1_000;

interface Owner {
  readonly tenantId: string;
  readonly userId: string;
}

/**
 * Every connection of this process that outlives its handshake: sockets and event streams. A revocation ends those it
 * concerns at once; one timer for all of them sees to expiry and to a lost feed.
 */
@Injectable()
export class ConnectionWatch implements BeforeApplicationShutdown {
  private readonly open = new Set<WatchedConnection>();
  private readonly byOwner = new Map<string, Set<WatchedConnection>>();
  private readonly stopListening: () => void;
  private timer: NodeJS.Timeout | null = null;
  private stopping = false;
  private allGone?: () => void;

  constructor(readonly judge: ConnectionJudge) {
    this.stopListening = judge.onChange((reached) => this.revoked(reached));
  }

  get size(): number {
    return this.open.size;
  }

  /** From now on the connection ends with its proof. Null for an anonymous one, which ends with the process. */
  add(auth: AuthContext | null, link: ConnectionLink): WatchedConnection {
    const connection = new WatchedConnection(auth, link, this);
    this.open.add(connection);
    if (auth) this.siblings(auth.principal).add(connection);
    this.timer ??= setInterval(() => this.beat(), BEAT).unref();
    if (this.stopping) connection.end(null);
    // What was revoked between the proof and this line was told to nobody yet.
    else connection.holds();
    return connection;
  }

  ended(connection: WatchedConnection): void {
    if (!connection.auth) return;
    const key = keyOf(connection.auth.principal);
    const siblings = this.byOwner.get(key);
    siblings?.delete(connection);
    if (siblings?.size === 0) this.byOwner.delete(key);
  }

  left(connection: WatchedConnection): void {
    this.open.delete(connection);
    if (this.open.size > 0) return;
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.allGone?.();
  }

  /** Ends every connection, and gives them a moment to be gone before the server closes under them. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    this.stopListening();
    for (const connection of this.open) connection.end(null);
    await this.everyoneGone();
    for (const connection of this.open) connection.cut();
  }

  private everyoneGone(): Promise<void> {
    if (this.open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const patience = setTimeout(resolve, GOODBYES);
      this.allGone = () => {
        clearTimeout(patience);
        resolve();
      };
    });
  }

  private revoked(reached: RevocationTarget): void {
    const single = reached.kind === 'session' || reached.kind === 'user';
    const concerned = single ? this.byOwner.get(keyOf(reached)) : this.open;
    for (const connection of concerned ?? []) connection.holds();
  }

  private beat(): void {
    for (const connection of this.open) connection.beat();
  }

  private siblings(owner: Owner): Set<WatchedConnection> {
    const key = keyOf(owner);
    const known = this.byOwner.get(key) ?? new Set<WatchedConnection>();
    this.byOwner.set(key, known);
    return known;
  }
}

function keyOf({ tenantId, userId }: Owner): string {
  return `${tenantId}/${userId}`;
}
