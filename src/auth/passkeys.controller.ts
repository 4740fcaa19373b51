import { Body, Controller, Delete, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { Auth, RequireAuth, RequireFresh, type AuthContext } from '@latchkey/nest';
import { ForeignBelongings } from '../identity/foreign-belongings';
import { WithinTenant } from '../sign-in/within-tenant';
import { FactorOverviews } from './factor-overview';
import { FactorSettingsService, userOf } from './factor-settings.service';
import { ApiMfaOperation } from './mfa.openapi';
import { passkeyResponse } from './mfa.responses';
import * as schemas from './mfa.schemas';

/** One's own passkeys. */
@RequireAuth()
@WithinTenant()
@Controller('auth/mfa/passkeys')
export class PasskeysController {
  constructor(
    private readonly settings: FactorSettingsService,
    private readonly overviews: FactorOverviews,
    private readonly foreign: ForeignBelongings,
  ) {}

  @RequireFresh('10m')
  @Post('options')
  @HttpCode(200)
  @ApiMfaOperation('creationOptions')
  options(@Auth() auth: AuthContext) {
    return this.settings.passkeyOptions(auth);
  }

  @RequireFresh('10m')
  @Post()
  @ApiMfaOperation('addPasskey')
  async add(@Auth() auth: AuthContext, @Body({ schema: schemas.addPasskeyBody }) body: schemas.AddPasskeyBody) {
    const { passkey: response, name, end_other_sessions: endsOthers } = body;
    const { passkey, recoveryCodes } = await this.settings.addPasskey(auth, response, name, endsOthers);
    return { ...passkeyResponse(passkey), recovery_codes: recoveryCodes };
  }

  @Patch(':id')
  @ApiMfaOperation('renamePasskey')
  async rename(
    @Auth() auth: AuthContext,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.renameBody }) { name }: schemas.RenameBody,
  ) {
    const renamed = await this.overviews.rename(auth, id, name);
    if (renamed === null) throw await this.foreign.notFound(userOf(auth), 'passkey', id);
    return passkeyResponse(renamed);
  }

  @RequireFresh('10m')
  @Delete(':id')
  @HttpCode(204)
  @ApiMfaOperation('removePasskey')
  async remove(
    @Auth() auth: AuthContext,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.endOthersBody }) body: schemas.EndOthersBody,
  ) {
    const others = (await this.overviews.of(auth)).passkeys.filter((passkey) => passkey.id !== id).length;
    const removed = await this.settings.removePasskey(auth, id, body?.end_other_sessions ?? true, others);
    if (!removed) throw await this.foreign.notFound(userOf(auth), 'passkey', id);
  }
}
