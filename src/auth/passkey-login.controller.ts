import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { clientOf, Public, type GuardedRequest } from '@latchkey/nest';
import { Limited } from '../protection/limit.guard';
import { BrowserAnswers, type CookieReply } from './browser-answers';
import { ApiMfaOperation } from './mfa.openapi';
import * as schemas from './mfa.schemas';
import { PasskeyLoginService } from './passkey-login.service';

interface HttpRequest extends GuardedRequest {
  readonly hostname?: string;
}

/** Signing in with a passkey alone. */
@Public()
@Limited('login')
@Controller('auth/passkey')
export class PasskeyLoginController {
  constructor(
    private readonly logins: PasskeyLoginService,
    private readonly answers: BrowserAnswers,
  ) {}

  @Post('options')
  @HttpCode(200)
  @ApiMfaOperation('requestOptions')
  options(@Body({ schema: schemas.passkeyOptionsBody }) body: schemas.PasskeyOptionsBody, @Req() request: HttpRequest) {
    return this.logins.options({ tenantId: body?.tenant_id, host: request.hostname });
  }

  @Post('login')
  @HttpCode(200)
  @ApiMfaOperation('passkeyLogin')
  async login(
    @Body({ schema: schemas.passkeyLoginBody }) body: schemas.PasskeyLoginBody,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: CookieReply,
  ) {
    const { passkey, remember, tenant_id: tenantId, transport } = body;
    this.answers.admit(transport, request);
    const tenant = { tenantId, host: request.hostname };
    const started = await this.logins.login({ tenant, passkey, client: clientOf(request), remember });
    return this.answers.started(started, transport, [request, reply]);
  }
}
