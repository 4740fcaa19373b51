import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock';
import { EventLog } from '../../common/event-log';
import { SecretTokens } from '../../common/secret-token';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import type { UserRef } from '../user.store';
import { DeviceStore, type KnownDevice } from './device.store';

const tokens = new SecretTokens('lk_dv_');
const NOBODY = '00000000-0000-0000-0000-000000000000';
/** A device that was not used for so long is forgotten. Milliseconds. */
const DEVICE_LIFE = 180 * 24 * 3_600_000;

/** A device that is known from now on; the token is told once. */
export interface RememberedDevice {
  readonly token: string;
  readonly trustedUntil: Date | null;
}

/** Devices that their owner let the service remember, each by a token of its own. */
@Injectable()
export class Devices {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: DeviceStore,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  /** Null for a malformed token, and for a device of somebody else. One statement for any well-formed one. */
  async meet(token: string, { tenantId, userId }: Partial<UserRef>): Promise<KnownDevice | null> {
    const hash = tokens.hashOf(token);
    const owner = { tenantId: tenantId ?? NOBODY, userId: userId ?? NOBODY };
    return hash && this.store.meet(hash, owner, this.clock.date());
  }

  /** True while the device stands for the second factor. */
  isTrusted(device: KnownDevice | null): boolean {
    return device?.trustedUntil != null && device.trustedUntil.getTime() > this.clock.now();
  }

  /** `trusted`: it was a second factor that has just been proven on it. */
  async remember(user: UserRef, name: string | null, trusted: boolean): Promise<RememberedDevice> {
    const { token, hash } = tokens.make();
    const now = this.clock.date();
    const { trustDeviceFor } = this.config.auth.mfa;
    const trustedUntil = trusted && trustDeviceFor > 0 ? new Date(now.getTime() + trustDeviceFor) : null;
    const expiresAt = new Date(now.getTime() + DEVICE_LIFE);
    const { tenantId, userId } = user;
    await this.store.add({ hash, id: randomUUID(), tenantId, userId, name, trustedUntil, now, expiresAt });
    this.events.record('device_remembered', { tenantId, userId, kind: trustedUntil ? 'trusted' : 'known' });
    return { token, trustedUntil };
  }

  list(user: UserRef): Promise<KnownDevice[]> {
    return this.store.list(user, this.clock.date());
  }

  /** False when the account has no such device. */
  async forget(user: UserRef, id: string): Promise<boolean> {
    const forgotten = await this.store.remove(user, id);
    if (forgotten) this.events.record('device_forgotten', { tenantId: user.tenantId, userId: user.userId });
    return forgotten;
  }
}
