import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { clientOf, Public, type GuardedRequest } from '@latchkey/nest';
import { Limited } from '../protection/limit.guard';
import { BrowserAnswers, type CookieReply } from './browser-answers';
import { EnrolmentService } from './enrolment.service';
import { MfaLoginService } from './mfa-login.service';
import { ApiMfaOperation } from './mfa.openapi';
import { totpResponse } from './mfa.responses';
import * as schemas from './mfa.schemas';

/** The second step of a login. Only a challenge opens these routes, and a challenge opens no other. */
@Public()
@Limited('mfa')
@Controller('auth/mfa')
export class MfaController {
  constructor(
    private readonly logins: MfaLoginService,
    private readonly enrolments: EnrolmentService,
    private readonly answers: BrowserAnswers,
  ) {}

  @Post('verify')
  @HttpCode(200)
  @ApiMfaOperation('verify')
  async verify(
    @Body({ schema: schemas.verifyBody }) body: schemas.VerifyBody,
    @Req() request: GuardedRequest,
    @Res({ passthrough: true }) reply: CookieReply,
  ) {
    const { challenge, code, passkey, trust_device: trustDevice, transport } = body;
    this.answers.admit(transport, request);
    const started = await this.logins.finish({ challenge, code, passkey, client: clientOf(request), trustDevice });
    return this.answers.started(started, transport, [request, reply]);
  }

  @Post('passkey-options')
  @HttpCode(200)
  @ApiMfaOperation('passkeyOptions')
  passkeyOptions(@Body({ schema: schemas.challengeBody }) body: schemas.ChallengeBody) {
    return this.logins.passkeyOptions(body.challenge);
  }

  @Post('enrol/totp')
  @HttpCode(200)
  @ApiMfaOperation('enrolTotp')
  async enrolTotp(@Body({ schema: schemas.challengeBody }) body: schemas.ChallengeBody) {
    return totpResponse(await this.enrolments.begin(body.challenge));
  }

  @Post('enrol/totp/confirm')
  @HttpCode(200)
  @ApiMfaOperation('confirmEnrolment')
  async confirm(
    @Body({ schema: schemas.enrolConfirmBody }) { challenge, code, transport }: schemas.EnrolConfirmBody,
    @Req() request: GuardedRequest,
    @Res({ passthrough: true }) reply: CookieReply,
  ) {
    this.answers.admit(transport, request);
    const { started, recoveryCodes } = await this.enrolments.confirm(challenge, code, clientOf(request));
    return { ...(await this.answers.started(started, transport, [request, reply])), recovery_codes: recoveryCodes };
  }
}
