import { claimPath, type ClaimPath } from '@latchkey/nest';
import type { OidcProviderConfig } from '../../config/config';
import { ADMIN_ROLES } from '../../identity/admin-roles';
import type { FederationRules } from '../federated-identity';

/** A provider as configured, with everything decided that its kind decides. */
export interface OidcProvider {
  readonly name: string;
  readonly settings: OidcProviderConfig;
  readonly issuer: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Where its tokens say what. */
  readonly mapping: ProviderClaims;
  /** The same, to read ID tokens by. */
  readonly claims: ClaimPaths;
  readonly rules: FederationRules;
}

type ProviderClaims = OidcProviderConfig['claims'] & { readonly roles: readonly string[] };

export interface ClaimPaths {
  /** Null: the claims say nothing about tenants. */
  readonly tenant: ClaimPath | null;
  readonly roles: readonly ClaimPath[];
  readonly email: ClaimPath;
  readonly username: ClaimPath;
  readonly name: ClaimPath;
}

const ISSUERS = { google: 'https://accounts.google.com', github: 'https://github.com' } as const;
const SCOPES = ['openid', 'email', 'profile'];
const GITHUB_SCOPES = ['read:user', 'user:email'];

export function oidcProvider(name: string, settings: OidcProviderConfig): OidcProvider {
  const { type, issuer = '', clientId = '', scopes, registration, linkByVerifiedEmail, rolesAllowed } = settings;
  const mapping = claimMapping(settings, clientId);
  const governsRole = rolesAllowed.length === 0 ? undefined : governing(rolesAllowed);
  return {
    name,
    settings,
    issuer: issuer || (type === 'google' || type === 'github' ? ISSUERS[type] : ''),
    clientId,
    scopes: scopes ?? (type === 'github' ? GITHUB_SCOPES : SCOPES),
    mapping,
    claims: claimPaths(mapping),
    rules: { registration, linkByVerifiedEmail, governsRole },
  };
}

function claimMapping({ type, tenant, claims, passThrough }: OidcProviderConfig, clientId: string): ProviderClaims {
  const usualTenant = type === 'keycloak' && tenant === undefined ? 'tenant_id' : undefined;
  // Roles at other clients of the realm say nothing about this one.
  const ofClient = `resource_access.${clientId.replace(/[\\.]/g, '\\$&')}.roles`;
  const ofRealm = passThrough ? [] : ['realm_access.roles'];
  const usualRoles = type === 'keycloak' ? [...ofRealm, ofClient] : ['roles'];
  return { ...claims, tenant: claims.tenant ?? usualTenant, roles: claims.roles ?? usualRoles };
}

function claimPaths({ tenant, roles, email, username, name }: ProviderClaims): ClaimPaths {
  return {
    tenant: tenant === undefined ? null : claimPath(tenant),
    roles: roles.map(claimPath),
    email: claimPath(email),
    username: claimPath(username),
    name: claimPath(name),
  };
}

/** A beginning never reaches the roles of administrators: they are named, or not given. */
function governing(allowed: readonly string[]): (role: string) => boolean {
  const names = new Set(allowed.filter((entry) => !entry.endsWith('*')));
  const beginnings = allowed.filter((entry) => entry.endsWith('*')).map((entry) => entry.slice(0, -1));
  return (role) =>
    names.has(role) || (!ADMIN_ROLES.includes(role) && beginnings.some((beginning) => role.startsWith(beginning)));
}
