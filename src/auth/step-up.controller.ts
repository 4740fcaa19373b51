import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { Auth, clientOf, RequireAuth, type AuthContext, type GuardedRequest } from '@latchkey/nest';
import type { SecondFactor } from '../identity/factors/factor-proofs';
import { Passkeys } from '../identity/factors/passkeys';
import { Limited } from '../protection/limit.guard';
import { WithinTenant } from '../sign-in/within-tenant';
import { BrowserAnswers, type CookieReply } from './browser-answers';
import { userOf } from './factor-settings.service';
import { ApiMfaOperation } from './mfa.openapi';
import * as schemas from './mfa.schemas';
import { requirePerson } from './session-directory';
import { StepUpService } from './step-up.service';

/** Proving oneself again, for what `@RequireMfa()` and `@RequireFresh()` ask. */
@RequireAuth()
@WithinTenant()
@Controller('auth/step-up')
export class StepUpController {
  constructor(
    private readonly steps: StepUpService,
    private readonly passkeys: Passkeys,
    private readonly answers: BrowserAnswers,
  ) {}

  @Limited('step_up')
  @Post()
  @HttpCode(200)
  @ApiMfaOperation('stepUp')
  async stepUp(
    @Auth() auth: AuthContext,
    @Body({ schema: schemas.stepUpBody }) body: schemas.StepUpBody,
    @Req() request: GuardedRequest,
    @Res({ passthrough: true }) reply: CookieReply,
  ) {
    const { refresh_token: inBody, password, code, passkey } = body;
    const presented = this.answers.refreshToken(inBody, request);
    const factor = password === undefined ? ({ code, passkey } as SecondFactor) : undefined;
    const step = { refreshToken: presented.token, password, factor };
    return this.answers.refreshed(await this.steps.stepUp(auth, step, clientOf(request)), presented, reply);
  }

  @Post('passkey-options')
  @HttpCode(200)
  @ApiMfaOperation('stepUpPasskeyOptions')
  passkeyOptions(@Auth() auth: AuthContext) {
    requirePerson(auth.principal);
    const { tenantId, userId } = userOf(auth);
    return this.passkeys.requestOptions(tenantId, userId);
  }
}
