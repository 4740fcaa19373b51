import type { ListedClient } from '../clients/client';
import type { ListedAccount } from '../identity/account-directory.store';
import type { SessionView } from '../strategy/auth-strategy';
import type { Invitation } from '../identity/invitations/invitation.store';
import type { Tenant } from '../tenancy/tenant.entity';
import type { Page } from './page';

/** The one place where camelCase becomes the wire's snake_case. */
export function userResponse(account: ListedAccount): object {
  const { id, tenantId, email, username, name, roles, status } = account;
  return {
    ...{ id, tenant_id: tenantId, email, username, name, roles, status },
    has_password: account.hasPassword,
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  };
}

export function userDetailResponse(account: ListedAccount, lockedUntil: Date | null): object {
  return { ...userResponse(account), locked_until: lockedUntil?.toISOString() ?? null };
}

export function sessionResponse(session: SessionView): object {
  const { id, device, amr } = session;
  return {
    ...{ id, device, amr, ip_address: session.ipAddress, user_agent: session.userAgent },
    last_activity: session.lastActivity.toISOString(),
    created_at: session.createdAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
  };
}

export function tenantResponse({ createdAt, ...tenant }: Tenant): object {
  const { id, slug, name, hosts, registration, mfa, mode } = tenant;
  return {
    ...{ id, slug, name, hosts, registration, mfa, mode, email_domains: tenant.emailDomains },
    access_token_ttl: tenant.accessTokenTtl,
    refresh_token_ttl: tenant.refreshTokenTtl,
    created_at: createdAt.toISOString(),
  };
}

export function invitationResponse({ id, tenantId, email, roles, ...invitation }: Invitation): object {
  return {
    ...{ id, tenant_id: tenantId, email, roles, invited_by: invitation.invitedBy },
    created_at: invitation.createdAt.toISOString(),
    expires_at: invitation.expiresAt.toISOString(),
  };
}

export function clientResponse({ id, name, enabled, tenants, audiences, createdAt, secrets }: ListedClient): object {
  return {
    ...{ id, name, enabled, audiences },
    all_tenants: tenants === 'all',
    tenant_ids: tenants === 'all' ? [] : tenants,
    created_at: createdAt.toISOString(),
    secrets: secrets.map((secret) => ({
      created_at: secret.createdAt.toISOString(),
      expires_at: secret.expiresAt?.toISOString() ?? null,
    })),
  };
}

export function pageResponse<T>(name: string, { entries, next }: Page<T>, response: (entry: T) => object): object {
  return { [name]: entries.map(response), next };
}
