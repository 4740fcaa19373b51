import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { Auth, RequireAuth, type AuthContext } from '@latchkey/nest';
import { Devices } from '../identity/factors/devices';
import { ForeignBelongings } from '../identity/foreign-belongings';
import { WithinTenant } from '../sign-in/within-tenant';
import { userOf } from './factor-settings.service';
import { ApiMfaOperation } from './mfa.openapi';
import { deviceResponse } from './mfa.responses';
import * as schemas from './mfa.schemas';
import { requirePerson } from './session-directory';

/** Devices that one let the service remember. */
@RequireAuth()
@WithinTenant()
@Controller('auth/devices')
export class DevicesController {
  constructor(
    private readonly devices: Devices,
    private readonly foreign: ForeignBelongings,
  ) {}

  @Get()
  @ApiMfaOperation('listDevices')
  async list(@Auth() auth: AuthContext) {
    requirePerson(auth.principal);
    return { devices: (await this.devices.list(userOf(auth))).map(deviceResponse) };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiMfaOperation('forgetDevice')
  async forget(@Auth() auth: AuthContext, @Param('id', { schema: schemas.id }) id: string): Promise<void> {
    requirePerson(auth.principal);
    const user = userOf(auth);
    if (!(await this.devices.forget(user, id))) throw await this.foreign.notFound(user, 'device', id);
  }
}
