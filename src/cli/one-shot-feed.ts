import { type Revocation, RevocationMirror } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { RevocationFeed } from '../revocation/revocation-feed';
import { RevocationPush } from '../revocation/revocation-push';
import { RevocationStore } from '../revocation/revocation.store';

/** The feed of a process that revokes and leaves: it tells the others and follows nobody. */
@Injectable()
export class OneShotFeed extends RevocationFeed {
  private announced = false;

  constructor(
    store: RevocationStore,
    mirror: RevocationMirror,
    clock: Clock,
    events: EventLog,
    private readonly others: RevocationPush,
  ) {
    super(store, mirror, clock, events, others);
  }

  override async onApplicationBootstrap(): Promise<void> {}

  override announce(revocation: Revocation): void {
    this.announced = true;
    super.announce(revocation);
  }

  /** To be awaited before the database is closed. When it is lost, the others look within a second by themselves. */
  async tellOthers(): Promise<void> {
    if (this.announced) await this.others.hurry();
  }
}
