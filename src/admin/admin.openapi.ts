import { applyDecorators, HttpCode } from '@nestjs/common';
import { documented } from '../common/documented-route';
import { OPERATIONS, type DocumentedOperation } from './admin.operations';

const ALWAYS = [400, 401, 403, 404, 503];

/** Documents a route of `/admin` and gives it its status. */
export function AdminOperation(name: keyof typeof OPERATIONS): MethodDecorator {
  const { errors = [], ...facts }: DocumentedOperation = OPERATIONS[name];
  return applyDecorators(
    HttpCode(facts.status),
    documented('admin', name, { ...facts, guarded: true, errors: [...ALWAYS, ...errors] }),
  );
}
