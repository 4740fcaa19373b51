/** Where an entity keeps its tenant. */
export interface BelongsToTenantOptions {
  /** Property of the column. Default `tenantId`. */
  readonly property?: string;
}

type Target = abstract new (...args: never[]) => object;

const owned = new WeakMap<object, string>();
const shared = new WeakSet<object>();

/**
 * Rows of this entity belong to a tenant each. A `TenantDataSource` sets the tenant on what is inserted and puts it into
 * the condition of every other statement. The entity declares the column itself, not null.
 */
export function BelongsToTenant({ property = 'tenantId' }: BelongsToTenantOptions = {}): (target: Target) => void {
  return (target) => void owned.set(target, property);
}

/** Rows of this entity are the same for every tenant: a `TenantDataSource` leaves its statements as they are. */
export function SharedByTenants(): (target: Target) => void {
  return (target) => void shared.add(target);
}

/** Name of the tenant's property; null for a shared entity; undefined where nobody decided. The nearest class decides. */
export function tenantPropertyOf(target: unknown): string | null | undefined {
  for (let each = target; typeof each === 'function'; each = Object.getPrototypeOf(each) as unknown) {
    if (owned.has(each)) return owned.get(each);
    if (shared.has(each)) return null;
  }
  return undefined;
}
