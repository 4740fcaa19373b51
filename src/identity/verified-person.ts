import type { Principal } from '@latchkey/nest';
import type { Generations } from '../revocation/generations';

/** A person whose credential was right, and the generations that stood in the same snapshot as their status and roles. */
export interface VerifiedPerson {
  readonly principal: Principal;
  readonly generations: Generations;
}
