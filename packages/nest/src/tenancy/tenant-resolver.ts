import { Inject, Injectable } from '@nestjs/common';
import type { AuthContext } from '../auth-context';
import { AuthError } from '../auth-error';
import { AUTH_HOOKS, type AuthHooks } from '../auth-hooks';
import { requestContext } from '../request-context';

/** Where a request may name its tenant. Never the body: what a signed-in caller sends there decides nothing. */
export interface TenantResolution {
  /** Name of a header with the id of a tenant. */
  readonly header?: string;
  /** The id of the tenant that is served under a host, in small letters and without its port; null for none. */
  readonly host?: (host: string) => string | null | Promise<string | null>;
}

export const TENANT_RESOLUTION = Symbol('TENANT_RESOLUTION');

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const LONGEST_ID = 255;

/** Finds the tenant of anonymous callers, and holds signed-in ones to the tenant of their token. */
@Injectable()
export class TenantResolver {
  constructor(
    @Inject(TENANT_RESOLUTION) private readonly resolution: TenantResolution,
    @Inject(AUTH_HOOKS) private readonly hooks: AuthHooks,
  ) {}

  /** False when nothing but tokens names tenants. */
  get isUsed(): boolean {
    return this.resolution.header !== undefined || this.resolution.host !== undefined;
  }

  /** @throws AuthError `tenant_mismatch` where header, host and token do not agree. */
  async resolve(headers: Headers, auth: AuthContext | null): Promise<void> {
    const named = [this.fromHeader(headers), await this.fromHost(headers)].filter((id) => id !== null);
    for (const id of named) this.compare(id, auth);
    if (new Set(named).size > 1) throw mismatch();
    const context = requestContext.getStore();
    if (context && !auth && named[0] !== undefined) context.tenant = { tenantId: named[0], lifted: null };
  }

  private compare(asked: string, auth: AuthContext | null): void {
    if (!auth || auth.principal.tenantId === asked) return;
    this.hooks.onCrossUserAttempt?.({ kind: 'tenant', principal: auth.principal, asked });
    throw mismatch();
  }

  private fromHeader(headers: Headers): string | null {
    const value = this.resolution.header === undefined ? undefined : headers[this.resolution.header.toLowerCase()];
    if (value === undefined) return null;
    if (typeof value === 'string' && value !== '' && value.length <= LONGEST_ID) return value;
    throw new AuthError('validation_failed', 'The header that names the tenant is malformed');
  }

  private async fromHost({ host }: Headers): Promise<string | null> {
    if (!this.resolution.host || typeof host !== 'string') return null;
    return this.resolution.host(host.toLowerCase().replace(/:\d*$/, ''));
  }
}

function mismatch(): AuthError {
  return new AuthError('tenant_mismatch', 'This belongs to another tenant');
}
