import { RequireAuth } from '@latchkey/nest';
import { applyDecorators, Controller, UseGuards, UseInterceptors } from '@nestjs/common';
import { AdminWallInterceptor } from './admin-wall.interceptor';
import { AdminGuard } from './admin.guard';
import { RecordedInterceptor } from './recorded.interceptor';

/** A controller below `/admin`: for people who administer, and for nobody else. */
export const AdminController = (path: string): ClassDecorator =>
  applyDecorators(
    Controller(`admin/${path}`),
    RequireAuth() as ClassDecorator,
    UseGuards(AdminGuard),
    UseInterceptors(RecordedInterceptor, AdminWallInterceptor),
  );
