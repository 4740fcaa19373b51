import { type Revocation, RevocationMirror } from '@latchkey/nest';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { OPEN_FEED_CONNECTION, type OpenFeedConnection } from '../database/database.module';
import { RevocationFeed } from '../revocation/revocation-feed';
import { RevocationStore } from '../revocation/revocation.store';

/** The feed of a process that revokes and leaves: it tells the others and follows nobody. */
@Injectable()
export class OneShotFeed extends RevocationFeed {
  private announced = false;

  constructor(
    private readonly revocations: RevocationStore,
    mirror: RevocationMirror,
    clock: Clock,
    events: EventLog,
    @Inject(OPEN_FEED_CONNECTION) openConnection: OpenFeedConnection,
  ) {
    super(revocations, mirror, clock, events, openConnection);
  }

  override async onApplicationBootstrap(): Promise<void> {}

  override announce(revocation: Revocation): void {
    this.announced = true;
    super.announce(revocation);
  }

  /** To be awaited before the database is closed. When it is lost, the others look within a second by themselves. */
  async tellOthers(): Promise<void> {
    if (this.announced) await this.revocations.hurry().catch(() => undefined);
  }
}
