/**
 * Integers that a revocation of everything a user, a tenant or the whole instance holds raises by one. Tokens and
 * rows carry the values read when they were issued; a lower value than the mark is revoked.
 */
export interface Generations {
  readonly global: number;
  readonly tenant: number;
  readonly user: number;
}
