import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import { EventLog } from '../../common/event-log';
import type { SamlRefusal } from './saml-refusal';

/** What is told of messages that are not believed: the reason to operators, that it failed to everybody. */
@Injectable()
export class SamlRefusals {
  constructor(private readonly events: EventLog) {}

  told({ reason }: SamlRefusal, provider: string, { ipAddress }: ClientInfo): AuthError {
    this.events.record('federated_login_failed', { ipAddress, kind: provider, reason });
    return new AuthError('federated_login_failed', 'The sign-in at the provider could not be confirmed');
  }
}
