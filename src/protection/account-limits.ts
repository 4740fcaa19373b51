import { Injectable } from '@nestjs/common';
import { foldAscii } from '../common/fold-ascii';
import { TenantResolver } from '../tenancy/tenant-resolver';
import type { PolicyName } from './limit-policies';
import { RateLimits } from './rate-limits';

/** Policies of routes whose body may name an account, and the policy that counts for the account. */
const PER_ACCOUNT: Readonly<Record<string, PolicyName | null>> = {
  login: 'account',
  recovery: 'recovery_account',
  register: null,
};
const LONGEST_NAME = 320;

interface NamingRequest {
  readonly ip: string;
  readonly hostname?: string;
  readonly body?: unknown;
}

/** Limits per account and per tenant, from whatever address. What they have left is told to nobody: it says what others do. */
@Injectable()
export class AccountLimits {
  constructor(
    private readonly limits: RateLimits,
    private readonly tenants: TenantResolver,
  ) {}

  /** Accounts that exist and those that do not count alike. @throws AuthError `rate_limited` */
  async require(route: string, { ip, hostname, body }: NamingRequest): Promise<void> {
    const policy = PER_ACCOUNT[route];
    if (policy === undefined) return;
    const { email, username, tenant_id: tenantId } = Object(body) as Readonly<Record<string, unknown>>;
    const tenant = await this.tenants.resolve({ tenantId: textOf(tenantId), host: hostname });
    const facts = { ipAddress: ip, tenantId: tenant?.id };
    const owner = tenant?.id ?? 'none';
    const name = textOf(email) ?? textOf(username);
    if (policy && name !== null) await this.spend(policy, `${owner}\n${foldAscii(name.slice(0, LONGEST_NAME))}`, facts);
    await this.spend('tenant', owner, facts);
  }

  private async spend(policy: PolicyName, subject: string, facts: { ipAddress: string; tenantId?: string }) {
    const state = await this.limits.take(policy, subject);
    if (state?.refused) throw this.limits.refusal(state, facts);
  }
}

/** Not validated yet: whatever is no text names nothing. */
function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
