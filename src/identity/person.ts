import type { KnownDevice } from './factors/device.store';
import type { SecondFactorState, StoredPerson } from './user.store';
import type { VerifiedPerson } from './verified-person';

/** A person whose password was right, and what is known of a second factor. */
export interface PasswordProof extends VerifiedPerson {
  readonly secondFactors: SecondFactorState;
  /** The device that was presented, where it is one of theirs. */
  readonly device: KnownDevice | null;
}

export function verifiedPerson(person: StoredPerson): VerifiedPerson {
  const { id: userId, tenantId, email, username, name, roles, generations, terms } = person;
  return { principal: { kind: 'user', userId, tenantId, email, username, name, roles }, generations, terms };
}
