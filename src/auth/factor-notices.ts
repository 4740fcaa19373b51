import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventLog } from '../common/event-log';
import { Notices } from '../identity/letters/notices';

/** Tells people by mail that their second factors have changed, whoever changed them. */
@Injectable()
export class FactorNotices implements OnModuleInit {
  constructor(
    private readonly events: EventLog,
    private readonly notices: Notices,
  ) {}

  onModuleInit(): void {
    this.events.subscribe((event, { tenantId, userId }) => {
      if (event !== 'factor_changed' || tenantId === undefined || userId === undefined) return;
      void this.notices.send('factor_changed', { tenantId, userId });
    });
  }
}
