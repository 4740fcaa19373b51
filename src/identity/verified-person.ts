import type { Generations, Principal } from '@latchkey/nest';

/** A person whose credential was right, and the generations that stood in the same snapshot as their status and roles. */
export interface VerifiedPerson {
  readonly principal: Principal;
  readonly generations: Generations;
}
