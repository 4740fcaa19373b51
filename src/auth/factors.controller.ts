import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { Auth, RequireAuth, RequireFresh, type AuthContext } from '@latchkey/nest';
import { WithinTenant } from '../sign-in/within-tenant';
import { FactorOverviews } from './factor-overview';
import { FactorSettingsService } from './factor-settings.service';
import { ApiMfaOperation } from './mfa.openapi';
import { factorsResponse, recoveryCodesResponse, totpResponse } from './mfa.responses';
import * as schemas from './mfa.schemas';

/** One's own second factors. Whoever changes them proved a credential a short time ago. */
@RequireAuth()
@WithinTenant()
@Controller('auth/mfa')
export class FactorsController {
  constructor(
    private readonly settings: FactorSettingsService,
    private readonly overviews: FactorOverviews,
  ) {}

  @Get()
  @ApiMfaOperation('listFactors')
  async list(@Auth() auth: AuthContext) {
    return factorsResponse(await this.overviews.of(auth));
  }

  @RequireFresh('10m')
  @Post('totp')
  @HttpCode(200)
  @ApiMfaOperation('beginTotp')
  async beginTotp(@Auth() auth: AuthContext) {
    return totpResponse(await this.settings.beginTotp(auth));
  }

  @RequireFresh('10m')
  @Post('totp/confirm')
  @HttpCode(200)
  @ApiMfaOperation('confirmTotp')
  async confirmTotp(@Auth() auth: AuthContext, @Body({ schema: schemas.confirmBody }) body: schemas.ConfirmBody) {
    return recoveryCodesResponse(await this.settings.confirmTotp(auth, body.code, body.end_other_sessions));
  }

  @RequireFresh('10m')
  @Delete('totp')
  @HttpCode(204)
  @ApiMfaOperation('removeTotp')
  async removeTotp(@Auth() auth: AuthContext, @Body({ schema: schemas.endOthersBody }) body: schemas.EndOthersBody) {
    await this.settings.removeTotp(auth, body?.end_other_sessions ?? true);
  }

  @RequireFresh('10m')
  @Post('recovery-codes')
  @HttpCode(200)
  @ApiMfaOperation('renewRecoveryCodes')
  async renew(@Auth() auth: AuthContext, @Body({ schema: schemas.endOthersBody }) body: schemas.EndOthersBody) {
    return recoveryCodesResponse(await this.settings.renewRecoveryCodes(auth, body?.end_other_sessions ?? true));
  }
}
