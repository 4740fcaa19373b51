import { AuthError, type FieldError } from '@latchkey/nest';
import { isUuid } from '../common/uuid';
import type { TenantScope } from './client';

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u;
const AUDIENCE = /^[\x21-\x7e]{1,255}$/;
const MOST_TENANTS = 1_000;
const MOST_AUDIENCES = 20;

/** @throws AuthError `validation_failed` */
export function assertClient(client: { name: string; tenants: TenantScope; audiences: readonly string[] }): void {
  const errors = [...nameErrors(client.name), ...tenantErrors(client.tenants), ...audienceErrors(client.audiences)];
  if (errors.length > 0) throw new AuthError('validation_failed', 'The client is not valid', { errors });
}

function nameErrors(name: string): FieldError[] {
  const message = 'must be 1 to 64 letters, digits, blanks, dots, dashes or underscores, and not look like an id';
  return NAME.test(name) && name === name.trim() && !isUuid(name) ? [] : [{ pointer: '/name', message }];
}

function tenantErrors(tenants: TenantScope): FieldError[] {
  if (tenants === 'all') return [];
  const distinct = new Set(tenants).size === tenants.length;
  const right = tenants.length > 0 && tenants.length <= MOST_TENANTS && distinct && tenants.every(isUuid);
  return right ? [] : [{ pointer: '/tenants', message: `must be 1 to ${MOST_TENANTS} different tenants` }];
}

function audienceErrors(audiences: readonly string[]): FieldError[] {
  const right = audiences.length > 0 && audiences.length <= MOST_AUDIENCES && audiences.every((a) => AUDIENCE.test(a));
  return right ? [] : [{ pointer: '/audiences', message: `must be 1 to ${MOST_AUDIENCES} printable words` }];
}
