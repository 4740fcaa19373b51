import type { Account } from './operator';

/** An account as `--json` shows it. */
export function accountFacts({ id, tenantId, email, username, name, roles, status }: Account): object {
  return { id, tenant_id: tenantId, email, username, name, roles, status };
}

/** How a sentence names it. */
export function nameOf({ email, username, id }: Account): string {
  return email ?? username ?? id;
}
