import type { AuthMode } from '@latchkey/nest';

/** What the tenant of a login says of it. Null: the configuration decides. */
export interface LoginTerms {
  readonly mode: AuthMode | null;
  /** Milliseconds; never more than what is configured. */
  readonly accessTokenTtl: number | null;
  /** Milliseconds; never more than what is configured. */
  readonly refreshTokenTtl: number | null;
}

/** Where no tenant says anything, as for programs that act for themselves. */
export const NO_TERMS: LoginTerms = { mode: null, accessTokenTtl: null, refreshTokenTtl: null };

/** Columns of `tenants t` that `termsOf` reads. */
export const TERMS = `t.mode AS tenant_mode, t.access_token_ttl AS tenant_access_ttl, t.refresh_token_ttl AS tenant_refresh_ttl`;

/** As `TERMS` selects them; seconds. */
export interface TermsRow {
  readonly tenant_mode: AuthMode | null;
  readonly tenant_access_ttl: number | null;
  readonly tenant_refresh_ttl: number | null;
}

export function termsOf(row: TermsRow): LoginTerms {
  return {
    mode: row.tenant_mode,
    accessTokenTtl: milliseconds(row.tenant_access_ttl),
    refreshTokenTtl: milliseconds(row.tenant_refresh_ttl),
  };
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1_000;
}
