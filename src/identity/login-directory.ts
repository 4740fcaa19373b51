import type { Devices } from './factors/devices';
import type { KnownDevice } from './factors/device.store';
import { readIdentifier, type IdentifierPolicy } from './identifier';
import type { StoredPerson, UserRef, UserStore } from './user.store';

/** Who means to sign in, and on which known device. */
export interface LoginCandidate {
  readonly person: StoredPerson | null;
  readonly device: KnownDevice | null;
}

/** Finds who means to sign in, by the kinds of identifier that the settings allow. */
export class LoginDirectory {
  constructor(
    private readonly users: UserStore,
    private readonly devices: Devices,
    private readonly policy: IdentifierPolicy,
    private readonly requireVerification = false,
  ) {}

  /** Nobody also for an unknown tenant, a malformed identifier and one of a refused kind. */
  async find(tenantId: string | null, typed: string, deviceToken?: string): Promise<LoginCandidate> {
    const identifier = readIdentifier(typed, this.policy);
    const person = tenantId !== null && identifier ? await this.users.findForLogin(tenantId, identifier) : null;
    return { person, device: deviceToken === undefined ? null : await this.deviceOf(person, deviceToken) };
  }

  /** The same person by id, for somebody who is signed in. */
  findAgain({ tenantId, userId }: UserRef): Promise<StoredPerson | null> {
    return this.users.findPersonById(tenantId, userId);
  }

  /** True where an address has to be confirmed first, and this one is not. An account without one has nothing to confirm. */
  awaitsVerification({ email, emailVerified }: StoredPerson): boolean {
    return this.requireVerification && email !== null && !emailVerified;
  }

  /** Asked for nobody too, so that an unknown account takes as long. */
  private async deviceOf(person: StoredPerson | null, token: string): Promise<KnownDevice | null> {
    const device = await this.devices.meet(token, { tenantId: person?.tenantId, userId: person?.id });
    return person && device;
  }
}
