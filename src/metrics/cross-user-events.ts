import { Injectable } from '@nestjs/common';
import type { CrossUserAttempt } from '@latchkey/nest';
import { EventLog } from '../common/event-log';
import { isUuid } from '../common/uuid';
import { AuthObserver } from './auth-observer';

/** Makes a security event of each attempt at what belongs to another user or tenant. */
@Injectable()
export class CrossUserEvents {
  constructor(
    observer: AuthObserver,
    private readonly events: EventLog,
  ) {
    observer.report = (attempt) => this.record(attempt);
  }

  private record({ kind, principal, asked }: CrossUserAttempt): void {
    const { tenantId, userId } = principal;
    // As the client sent it: what is no id may be anything, of any length.
    const target = isUuid(asked) ? { kind, id: asked } : undefined;
    this.events.record('cross_user_attempt', { tenantId, userId, kind, target });
  }
}
