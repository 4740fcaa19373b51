import { authOf } from '@latchkey/nest';
import {
  applyDecorators,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Observable } from 'rxjs';
import { TenantWall } from '../database/tenant-wall';

/** What a handler does for a tenant: from the moment that somebody asks for its answer. */
export function behindWall(wall: TenantWall, tenantId: string, next: CallHandler<unknown>): Observable<unknown> {
  return new Observable((answer) => {
    const { inside, leave } = wall.enter(tenantId);
    const handling = inside(() => next.handle().subscribe(answer));
    handling.add(leave);
    return handling;
  });
}

/** Keeps the statements of a request to the rows of the caller's tenant. */
@Injectable()
export class WithinTenantInterceptor implements NestInterceptor {
  constructor(private readonly wall: TenantWall) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const auth = authOf(context.switchToHttp().getRequest<object>());
    // Logins of a provider have no rows here.
    if (!auth || auth.issuer !== undefined) return next.handle();
    return behindWall(this.wall, auth.principal.tenantId, next);
  }
}

/** A route, or every route of a controller, that does something for whoever is signed in. */
export const WithinTenant = (): ClassDecorator & MethodDecorator =>
  applyDecorators(UseInterceptors(WithinTenantInterceptor)) as ClassDecorator & MethodDecorator;
