import { AuthError } from '@latchkey/nest';

/** Connection exceptions, refused logins, missing database, exhausted resources, operator intervention, system errors. */
const FAILING_CLASSES = /^(08|28|3D|53|57P|58)/;
/** Cancelled by a time-out, lock not available, idle in transaction, read-only after a failover, conflicts to the end. */
const FAILING_STATES = new Set(['57014', '55P03', '25P03', '25006', '40001', '40P01']);
const FAILING_CALLS =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|ENOENT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;
/** What `pg` and its pool say without a code. */
const FAILING_CLIENT =
  /^(timeout exceeded when trying to connect|timeout expired|Query read timeout|Connection terminated|Client (has encountered a connection error|was closed)|Cannot use a pool after)/;

/** The 503 that every failure of the database's infrastructure becomes. */
export function unavailable(cause: unknown): AuthError {
  return new AuthError('unavailable', 'The service cannot reach its database', { retryAfter: 1, cause });
}

/** An `unavailable` AuthError for a failure of the infrastructure; any other error as it is. */
export function asUnavailable(error: unknown): unknown {
  return isInfrastructureFailure(error) ? unavailable(error) : error;
}

/** True when the database could not be asked or was interrupted, as opposed to refusing the statement. */
export function isInfrastructureFailure(error: unknown): boolean {
  const { code, message } = driverError(error);
  const failed = FAILING_CLASSES.test(code) || FAILING_STATES.has(code) || FAILING_CALLS.test(code);
  return failed || FAILING_CLIENT.test(message);
}

/** True when the connection on which this error arose must not be used again. */
export function breaksConnection(error: unknown): boolean {
  const { code } = driverError(error);
  return isInfrastructureFailure(error) && !/^(57014|55P03|40|53)/.test(code);
}

/** True when the server undid the transaction because of a concurrent one, so that the same may succeed again. */
export function isConflict(error: unknown): boolean {
  return /^40(001|P01)$/.test(driverError(error).code);
}

/** True when the statement refers to a row that is not there, or not any more. */
export function refersToNothing(error: unknown): boolean {
  return driverError(error).code === '23503';
}

function driverError(error: unknown): { code: string; message: string } {
  const { driverError: inner } = Object(error) as { driverError?: unknown };
  const { code, message } = Object(inner ?? error) as { code?: unknown; message?: unknown };
  return { code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : '' };
}
