import { Controller, Get, Module, Req } from '@nestjs/common';

/** Who the caller is on a server that lets everyone in. As long as a real answer. */
export const NOBODY = {
  userId: '00000000-0000-4000-8000-000000000001',
  tenantId: '00000000-0000-4000-8000-000000000002',
};

/** The one guarded route, the same in every Nest server. Passport and Latchkey both leave the caller in `user`. */
class WhoamiController {
  whoami(request) {
    const { userId, tenantId } = request.user ?? NOBODY;
    return { user_id: userId, tenant_id: tenantId };
  }
}

/** Holds the route. */
export class WhoamiModule {}

// Decorators by hand: these files run as they are.
const handler = Object.getOwnPropertyDescriptor(WhoamiController.prototype, 'whoami');
Req()(WhoamiController.prototype, 'whoami', 0);
Get('whoami')(WhoamiController.prototype, 'whoami', handler);
Controller('bench')(WhoamiController);
Module({ controllers: [WhoamiController] })(WhoamiModule);
