import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { Auth, clientOf, Public, RequireAuth, type AuthContext, type GuardedRequest } from '@latchkey/nest';
import { AccountRecovery } from '../identity/account-recovery.service';
import { Limited } from '../protection/limit.guard';
import { WithinTenant } from '../sign-in/within-tenant';
import { ApiAuthOperation } from './auth.openapi';
import { EmailChanges } from './email-changes';
import { LetterRequests } from './letter-requests';
import * as schemas from './recovery.schemas';

interface HttpRequest extends GuardedRequest {
  readonly hostname?: string;
}

/** The address of an account: confirming it, and changing it. */
@Controller('auth/email')
export class EmailController {
  constructor(
    private readonly recovery: AccountRecovery,
    private readonly letters: LetterRequests,
    private readonly changes: EmailChanges,
  ) {}

  @Public()
  @Limited('recovery')
  @Post('verify')
  @HttpCode(204)
  @ApiAuthOperation('verifyEmail')
  async verify(@Body({ schema: schemas.codeBody }) { token }: schemas.CodeBody): Promise<void> {
    await this.recovery.verifyEmail(token);
  }

  @Public()
  @Limited('recovery')
  @Post('resend')
  @HttpCode(202)
  @ApiAuthOperation('resendVerification')
  async resend(@Body({ schema: schemas.addressBody }) body: schemas.AddressBody, @Req() request: HttpRequest) {
    await this.letters.ask('verify', body, request.hostname);
    return { status: 'accepted' };
  }

  @RequireAuth()
  @WithinTenant()
  @Post('change')
  @HttpCode(202)
  @ApiAuthOperation('changeEmail')
  async change(
    @Auth() auth: AuthContext,
    @Body({ schema: schemas.changeEmailBody }) body: schemas.ChangeEmailBody,
    @Req() request: HttpRequest,
  ) {
    await this.changes.begin(auth, body, clientOf(request));
    return { status: 'accepted' };
  }

  @Public()
  @Limited('recovery')
  @Post('change/confirm')
  @HttpCode(200)
  @ApiAuthOperation('confirmEmailChange')
  async confirm(@Body({ schema: schemas.codeBody }) { token }: schemas.CodeBody, @Req() request: HttpRequest) {
    return { status: (await this.changes.confirm(token, clientOf(request))) ? 'changed' : 'other_code_needed' };
  }
}
