import { Injectable } from '@nestjs/common';
import type { ClientInfo } from '@latchkey/nest';
import { Notices, type NoticeFacts, type NoticeKind } from '../identity/letters/notices';
import type { UserRef } from '../identity/user.store';
import { deviceName } from '../strategy/device-name';

/** Notices with the client in words. */
@Injectable()
export class PersonNotices {
  constructor(private readonly notices: Notices) {}

  /** Never rejects. */
  tell(kind: NoticeKind, user: UserRef, client: ClientInfo, facts: NoticeFacts = {}): Promise<void> {
    const { ipAddress, userAgent } = client;
    return this.notices.send(kind, user, { ipAddress, device: deviceName(userAgent), ...facts });
  }
}
