import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { TenantWall } from '../database/tenant-wall';
import { behindWall } from '../sign-in/within-tenant';
import { scopeOf } from './admin.guard';

/** Keeps the statements of whoever administers one tenant to the rows of that tenant. Comes after `AdminGuard`. */
@Injectable()
export class AdminWallInterceptor implements NestInterceptor {
  constructor(private readonly wall: TenantWall) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const { platform, tenantId } = scopeOf(context.switchToHttp().getRequest<object>());
    return platform ? next.handle() : behindWall(this.wall, tenantId, next);
  }
}
