import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { RootKeys } from '../keys/root-keys';

/** What the watch sees of the process. */
@Injectable()
export class SignInWorld {
  constructor(
    readonly events: EventLog,
    readonly roots: RootKeys,
    readonly clock: Clock,
  ) {}
}
