/** The tenants that a client is bound to: some, by id, or every one there is. */
export type TenantScope = 'all' | readonly string[];

/** A program that asks about tokens, follows the revocation feed or acts for itself. */
export interface Client {
  /** UUID. */
  readonly id: string;
  readonly name: string;
  readonly tenants: TenantScope;
  /** It learns of tokens for these audiences alone; never empty. */
  readonly audiences: readonly string[];
}

/** A client as operators see it: no secret, not even a hash. */
export interface ListedClient extends Client {
  readonly enabled: boolean;
  readonly createdAt: Date;
  /** Live secrets, newest first; `expiresAt` null is the current one. */
  readonly secrets: readonly { readonly createdAt: Date; readonly expiresAt: Date | null }[];
}

/** True when the client may know of this tenant. */
export function reachesTenant({ tenants }: Pick<Client, 'tenants'>, tenantId: string): boolean {
  return tenants === 'all' || tenants.includes(tenantId);
}

/** True when the client may know of tokens for one of these audiences. */
export function reachesAudience({ audiences }: Pick<Client, 'audiences'>, of: string | readonly string[]): boolean {
  return [of].flat().some((audience) => audiences.includes(audience));
}
