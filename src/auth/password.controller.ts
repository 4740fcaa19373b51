import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { Auth, clientOf, Public, RequireAuth, type AuthContext, type GuardedRequest } from '@latchkey/nest';
import { Limited } from '../protection/limit.guard';
import { WithinTenant } from '../sign-in/within-tenant';
import { ApiAuthOperation } from './auth.openapi';
import { LetterRequests } from './letter-requests';
import { PasswordChanges } from './password-changes';
import * as schemas from './recovery.schemas';

interface HttpRequest extends GuardedRequest {
  readonly hostname?: string;
}

/** A new password, whether the old one is known or not. */
@Controller('auth/password')
export class PasswordController {
  constructor(
    private readonly letters: LetterRequests,
    private readonly passwords: PasswordChanges,
  ) {}

  @Public()
  @Limited('recovery')
  @Post('forgot')
  @HttpCode(202)
  @ApiAuthOperation('forgotPassword')
  async forgot(@Body({ schema: schemas.addressBody }) body: schemas.AddressBody, @Req() request: HttpRequest) {
    await this.letters.ask('reset', body, request.hostname);
    return { status: 'accepted' };
  }

  @Public()
  @Limited('recovery')
  @Post('reset')
  @HttpCode(204)
  @ApiAuthOperation('resetPassword')
  async reset(
    @Body({ schema: schemas.resetBody }) body: schemas.ResetBody,
    @Req() request: HttpRequest,
  ): Promise<void> {
    await this.passwords.reset(body, clientOf(request));
  }

  @RequireAuth()
  @WithinTenant()
  @Post('change')
  @HttpCode(204)
  @ApiAuthOperation('changePassword')
  async change(
    @Auth() auth: AuthContext,
    @Body({ schema: schemas.changePasswordBody }) body: schemas.ChangePasswordBody,
    @Req() request: HttpRequest,
  ): Promise<void> {
    await this.passwords.change(auth, body, clientOf(request));
  }
}
