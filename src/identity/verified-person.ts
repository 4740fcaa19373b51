import type { Generations, Principal } from '@latchkey/nest';
import type { LoginTerms } from '../tenancy/login-terms';

/** A person whose credential was right; generations and terms stood in the same snapshot as their status and roles. */
export interface VerifiedPerson {
  readonly principal: Principal;
  readonly generations: Generations;
  readonly terms: LoginTerms;
}
