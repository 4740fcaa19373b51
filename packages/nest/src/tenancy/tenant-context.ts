import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Optional, Scope } from '@nestjs/common';
import { AUTH_HOOKS, type AuthHooks } from '../auth-hooks';
import { requestContext, type TenantScope } from '../request-context';
import { TenancyError } from './tenancy-error';

export interface RunOptions {
  /** Says that work of one tenant means to do something in another. Default false: it is refused. */
  readonly crossing?: boolean;
}

/**
 * The tenant that work is done for, across every `await`: in requests and messages of sockets that of the proven token,
 * in jobs that of `run`. Transient, so that its constructor runs only in an application that injects it somewhere.
 */
@Injectable({ scope: Scope.TRANSIENT })
export class TenantContext {
  constructor(@Optional() @Inject(AUTH_HOOKS) private readonly hooks: AuthHooks = {}) {
    requestContext.wantEverywhere();
  }

  /** Null outside of any tenant, and inside `runWithout`. */
  current(): string | null {
    const context = requestContext.getStore();
    if (context?.tenant) return context.tenant.tenantId;
    return context?.auth?.principal.tenantId ?? null;
  }

  /** @throws TenancyError `tenant_missing` outside of any tenant. */
  mustGet(): string {
    const tenantId = this.current();
    if (tenantId !== null) return tenantId;
    throw new TenancyError('tenant_missing', 'no tenant here: sign the caller in, or wrap a job in tenants.run(id, …)');
  }

  /** Why statements may pass here that nobody put a condition on; null where they may not. */
  liftedBecause(): string | null {
    return requestContext.getStore()?.tenant?.lifted ?? null;
  }

  /**
   * Runs `work`, and all that it leads to, for this tenant.
   * @throws TenancyError `tenant_crossing` inside another tenant, unless `crossing` says that this is meant.
   */
  run<T>(tenantId: string, work: () => T, { crossing = false }: RunOptions = {}): T {
    if (typeof tenantId !== 'string' || tenantId === '') {
      throw new TenancyError('tenant_missing', 'tenants.run() needs the id of a tenant');
    }
    const from = this.current();
    if (from !== null && from !== tenantId) {
      if (!crossing) {
        throw new TenancyError('tenant_crossing', 'inside another tenant: pass { crossing: true } where this is meant');
      }
      this.hooks.onTenantCrossing?.({ from, to: tenantId, reason: null });
    }
    return within({ tenantId, lifted: null }, work);
  }

  /**
   * Runs `work` for no tenant: scoped data sources put no condition on its statements. Every use is told to
   * `onTenantCrossing` with its reason.
   */
  runWithout<T>(reason: string, work: () => T): T {
    return this.lift(null, reason, work);
  }

  /**
   * Runs `work` for the tenant it is in, and lets it send SQL that is written by hand. What TypeORM writes stays scoped,
   * and row-level security holds for both. Told to `onTenantCrossing` like `runWithout`.
   */
  runUnscoped<T>(reason: string, work: () => T): T {
    return this.lift(this.current(), reason, work);
  }

  private lift<T>(to: string | null, reason: string, work: () => T): T {
    if (typeof reason !== 'string' || reason.trim() === '') {
      throw new TenancyError('tenant_missing', 'work without the condition of a tenant needs a reason');
    }
    this.hooks.onTenantCrossing?.({ from: this.current(), to, reason });
    return within({ tenantId: to, lifted: reason }, work);
  }
}

function within<T>(tenant: TenantScope, work: () => T): T {
  const { requestId = randomUUID(), auth } = requestContext.getStore() ?? {};
  return requestContext.run({ requestId, auth, tenant }, work);
}
