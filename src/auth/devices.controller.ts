import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { Auth, AuthError, RequireAuth, type AuthContext } from '@latchkey/nest';
import { Devices } from '../identity/factors/devices';
import { userOf } from './factor-settings.service';
import { ApiMfaOperation } from './mfa.openapi';
import { deviceResponse } from './mfa.responses';
import * as schemas from './mfa.schemas';
import { requirePerson } from './session-directory';

/** Devices that one let the service remember. */
@RequireAuth()
@Controller('auth/devices')
export class DevicesController {
  constructor(private readonly devices: Devices) {}

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
    if (!(await this.devices.forget(userOf(auth), id))) throw new AuthError('not_found', 'There is no such device');
  }
}
