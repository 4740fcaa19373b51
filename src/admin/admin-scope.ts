/** How far somebody's administration reaches. Resolved once for each request, from what the database says of them now. */
export interface AdminScope {
  readonly actorId: string;
  /** The tenant of the account that acts. */
  readonly tenantId: string;
  /** True for whoever administers every tenant. */
  readonly platform: boolean;
}

/** True when things of this tenant may be seen and changed. */
export function reaches({ platform, tenantId }: AdminScope, of: string): boolean {
  return platform || tenantId === of;
}
