/** What a programmer did that tenants must be protected from. Stable, for logs and tests; clients never see them. */
export type TenancyErrorCode =
  /** Work that needs a tenant runs outside of any. */
  | 'tenant_missing'
  /** Work of one tenant reaches for another without saying so. */
  | 'tenant_crossing'
  /** A statement that nothing can be said of, or that nobody put the tenant's condition on. */
  | 'unscoped_statement'
  /** Entities or settings that cannot be kept apart by tenant. */
  | 'tenancy_misconfigured';

/** A mistake in the program, never in a request: it is answered as `internal_error`, and the log says what to do. */
export class TenancyError extends Error {
  override readonly name = 'TenancyError';

  constructor(
    readonly code: TenancyErrorCode,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }
}
