import { AuthError, type Revocation } from '@latchkey/nest';
import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { Database, type Queryable } from '../database/database';
import type { TenantScope } from './client';
import { ClientEnding } from './client-ending';
import { assertClient } from './client-rules';
import { newClientSecret } from './client-secret';
import { ClientStore } from './client.store';

export interface ClientToCreate {
  readonly name: string;
  readonly tenants: TenantScope;
  readonly audiences: readonly string[];
}

/** Makes and changes clients. A secret is in the answer of the call that made it, and nowhere else. */
@Injectable()
export class ClientRegistry {
  constructor(
    private readonly store: ClientStore,
    private readonly ending: ClientEnding,
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  /** @throws AuthError `validation_failed`, `conflict` when the name is taken. */
  async create(client: ClientToCreate): Promise<{ id: string; secret: string }> {
    assertClient(client);
    const { text, hash } = newClientSecret();
    const id = randomUUID();
    const made = await this.store.create({ ...client, id, secretHash: hash, now: this.clock.date() });
    if (!made) throw new AuthError('conflict', 'There is a client of this name already');
    this.record(id, 'created');
    return { id, secret: text };
  }

  /**
   * A new secret; the one before stays good for `overlap` milliseconds.
   * @throws AuthError `not_found`, `conflict` while two secrets are live: a third would end the one in use.
   */
  async rotate(id: string, overlap: number): Promise<string> {
    const { text, hash } = newClientSecret();
    await this.database.transaction(async (tx) => {
      await this.lock(tx, id);
      const now = this.clock.date();
      if ((await this.store.countSecrets(tx, id, now)) > 1) {
        throw new AuthError('conflict', 'Two secrets of this client are good: wait for the older one to end');
      }
      await this.store.replaceSecret(tx, { id, hash, now, until: new Date(now.getTime() + overlap) });
    });
    this.record(id, 'rotated');
    return text;
  }

  /** A new secret; every other one ends at once, and with them the tokens and streams of the client. */
  async rotateNow(id: string): Promise<string> {
    const { text, hash } = newClientSecret();
    await this.end(id, 'rotated_at_once', async (tx) => {
      const now = this.clock.date();
      await this.store.replaceSecret(tx, { id, hash, now, until: now });
    });
    return text;
  }

  /** Refuses the client and ends its tokens and streams. */
  disable(id: string): Promise<void> {
    return this.end(id, 'disabled', (tx) => this.store.setEnabled(tx, id, false));
  }

  async enable(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      await this.lock(tx, id);
      await this.store.setEnabled(tx, id, true);
    });
    this.record(id, 'enabled');
  }

  delete(id: string): Promise<void> {
    return this.end(id, 'deleted', (tx) => this.store.delete(tx, id));
  }

  /** The change and the end of what was issued before it are one decision. */
  private async end(id: string, kind: string, change: (tx: Queryable) => Promise<void>): Promise<void> {
    const revocations = await this.database.transaction(async (tx): Promise<Revocation[]> => {
      const tenants = await this.lock(tx, id);
      const ended = await this.ending.write(tx, id, tenants);
      await change(tx);
      return ended;
    });
    this.ending.announce(revocations);
    this.record(id, kind);
  }

  private async lock(tx: Queryable, id: string): Promise<TenantScope> {
    const tenants = await this.store.lock(tx, id);
    if (tenants === null) throw new AuthError('not_found', 'There is no such client');
    return tenants;
  }

  private record(clientId: string, kind: string): void {
    this.events.record('oauth_client_changed', { clientId, kind });
  }
}
