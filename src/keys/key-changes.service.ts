import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { KeyCabinet } from './key-cabinet';
import { stateOf, type KeyLife } from './key-life';
import { KeyRing } from './key-ring';
import { announcedAhead, isOwn, LEARNED_AFTER } from './key-schedule';
import type { LockedSigningKeys } from './locked-signing-keys.store';

/** The successor, and when it begins to sign. Milliseconds since the epoch. */
export interface Rotation {
  readonly id: string;
  readonly algorithm: string;
  readonly signsFrom: number;
}

/** What an operator does to keys by hand. */
@Injectable()
export class KeyChanges {
  constructor(
    private readonly cabinet: KeyCabinet,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
    private readonly events: EventLog,
  ) {}

  /**
   * Announces the next key; it signs when every reader knows it. At once: it signs as soon as every process knows it.
   * @throws AuthError `conflict` when one is announced already, or the key is a configured secret.
   */
  async rotate({ atOnce = false } = {}): Promise<Rotation> {
    const { algorithm, configuredId } = this.ring.policy;
    if (configuredId !== null) {
      throw new AuthError('conflict', 'The key is the configured one: change auth.jwt.secret instead');
    }
    const draft = await this.cabinet.draft(algorithm);
    return this.cabinet.underLock(async (keys, lives) => {
      const now = this.clock.now();
      const announced = lives.find((life) => isOwn(life, this.ring.policy) && stateOf(life, now) === 'published');
      if (announced && !atOnce) throw alreadyAnnounced(announced);
      const key = announced ?? draft;
      const signsFrom = Math.min(
        announced?.signsFrom ?? Infinity,
        now + (atOnce ? LEARNED_AFTER : announcedAhead(this.ring.policy)),
      );
      if (announced) await keys.signAt(announced, signsFrom);
      else await keys.insert({ ...draft, createdAt: now, signsFrom });
      this.events.record('signing_key_published', { keyId: key.id, algorithm });
      return { id: key.id, algorithm, signsFrom };
    });
  }

  /**
   * Destroys a key: within a second no process accepts a token of it. If it was the one that signed, the announced one does.
   * @throws AuthError `not_found`; `conflict` when no other key could sign.
   */
  async retire(id: string): Promise<void> {
    const { configuredId } = this.ring.policy;
    if (id === configuredId) {
      throw new AuthError('conflict', 'The key is the configured one: configure another auth.jwt.secret first');
    }
    await this.cabinet.underLock(async (keys, lives) => {
      const now = this.clock.now();
      const living = lives.filter((life) => stateOf(life, now) !== 'retired');
      if (!living.some((life) => life.id === id)) throw new AuthError('not_found', 'There is no such key in use');
      await this.letAnotherSign(
        keys,
        living.filter((life) => life.id !== id),
      );
      await keys.retire(now, id);
      this.events.record('signing_key_retired', { keyId: id, reason: 'operator' });
    });
  }

  /**
   * When none of the others signs, the one that is announced does, at once. Only keys of today's configuration count: a
   * secret or an algorithm that was given up must not come back.
   */
  private async letAnotherSign(keys: LockedSigningKeys, others: readonly KeyLife[]): Promise<void> {
    const now = this.clock.now();
    const own = others.filter((life) => isOwn(life, this.ring.policy));
    if (own.some((life) => stateOf(life, now) === 'signing')) return;
    const next = own.find((life) => stateOf(life, now) === 'published');
    if (!next) throw new AuthError('conflict', 'No other key could sign: make one with `keys rotate --now` first');
    await keys.signAt(next, now);
  }
}

function alreadyAnnounced({ id, signsFrom }: KeyLife): AuthError {
  const from = new Date(signsFrom).toISOString();
  return new AuthError(
    'conflict',
    `The key ${id} is announced already and signs from ${from}: --now brings it forward`,
  );
}
