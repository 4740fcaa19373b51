import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { Clock } from '../common/clock';
import { digestsMatch } from '../common/digest';
import { EventLog } from '../common/event-log';
import type { Client } from './client';
import { hashOfClientSecret } from './client-secret';
import { ClientStore } from './client.store';

/** As many comparisons for everybody: a client has at most two live secrets. */
const COMPARISONS = 2;
const NOBODY = Buffer.alloc(32);

/** Proves that a caller is the client it says it is. */
@Injectable()
export class ClientVerifier {
  constructor(
    private readonly store: ClientStore,
    private readonly clock: Clock,
    private readonly events: EventLog,
  ) {}

  /**
   * Unknown, disabled and wrong cost the same read and the same comparisons, and get one answer.
   * @throws AuthError `invalid_client`
   */
  async verify(id: string, secret: string): Promise<Client> {
    const hash = hashOfClientSecret(secret);
    if (!hash) throw this.refuse('malformed_secret');
    const known = await this.store.findCredentials(id, this.clock.date());
    const matches = Array.from({ length: COMPARISONS }, (_, i) => digestsMatch(known?.hashes[i] ?? NOBODY, hash));
    if (!known || !matches.includes(true)) throw this.refuse(known ? 'wrong_secret' : 'unknown_client', known?.client);
    if (!known.enabled) throw this.refuse('disabled', known.client);
    return known.client;
  }

  private refuse(reason: string, client?: Client): AuthError {
    this.events.record('client_refused', { clientId: client?.id, reason });
    return new AuthError('invalid_client', 'The client could not be authenticated', { detail: reason });
  }
}
