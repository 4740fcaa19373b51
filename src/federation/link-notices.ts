import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventLog } from '../common/event-log';
import { Notices } from '../identity/letters/notices';

/** Tells people by mail that another sign-in opens their account from now on. */
@Injectable()
export class LinkNotices implements OnModuleInit {
  constructor(
    private readonly events: EventLog,
    private readonly notices: Notices,
  ) {}

  onModuleInit(): void {
    this.events.subscribe((event, { tenantId, userId, kind }) => {
      if (event !== 'identity_linked' || tenantId === undefined || userId === undefined) return;
      void this.notices.send('identity_linked', { tenantId, userId }, { change: kind });
    });
  }
}
