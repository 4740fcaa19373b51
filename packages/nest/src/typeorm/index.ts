export { BelongsToTenant, SharedByTenants, type BelongsToTenantOptions } from './belongs-to-tenant';
export { disableTenantRowSecurity, enableTenantRowSecurity } from './row-security';
export { TenantDataSource, type TenancyOptions } from './tenant-data-source';
