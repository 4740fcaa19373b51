import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { Auth, clientOf, Public, RequireAuth, type AuthContext, type GuardedRequest } from '@latchkey/nest';
import { Limited } from '../protection/limit.guard';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import { WithinTenant } from '../sign-in/within-tenant';
import { ApiAuthOperation } from './auth.openapi';
import { logoutResponse, meResponse, modeResponse } from './auth.responses';
import * as schemas from './auth.schemas';
import { AuthService } from './auth.service';
import { BrowserAnswers, type CookieReply } from './browser-answers';
import { LoginRefresher } from './login-refresher';
import { LogoutService } from '../sign-in/logout.service';
import { ServesProviderLogins } from '../sign-in/provider-login.guard';
import { ProviderLoginAnswers } from './provider-login-answers';
import { SelfRegistration } from './self-registration';

interface HttpRequest extends GuardedRequest {
  readonly hostname?: string;
  readonly headers: GuardedRequest['headers'] & { readonly 'accept-language'?: string };
}

/** Sign up, in, on and out. */
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly answers: BrowserAnswers,
    private readonly logins: LoginRefresher,
    private readonly logouts: LogoutService,
    private readonly registrations: SelfRegistration,
    private readonly capabilities: ModeCapabilities,
    private readonly providers: ProviderLoginAnswers,
  ) {}

  @Public()
  @Limited('register')
  @Post('register')
  @HttpCode(202)
  @ApiAuthOperation('register')
  async register(@Body({ schema: schemas.registerBody }) body: schemas.RegisterBody, @Req() request: HttpRequest) {
    await this.registrations.register(body, request.hostname, request.headers['accept-language']);
    return { status: 'accepted' };
  }

  @Public()
  @Limited('login')
  @Post('login')
  @HttpCode(200)
  @ApiAuthOperation('login')
  async login(
    @Body({ schema: schemas.loginBody }) body: schemas.LoginBody,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: CookieReply,
  ) {
    this.answers.admit(body.transport, request);
    const started = await this.auth.login({
      identifier: body.email ?? body.username ?? '',
      password: body.password,
      tenant: { tenantId: body.tenant_id, host: request.hostname },
      client: clientOf(request),
      remember: body.remember,
      mfaCode: body.mfa_code,
      deviceToken: body.device_token,
      trustDevice: body.trust_device,
    });
    return this.answers.started(started, body.transport, [request, reply]);
  }

  @Public()
  @Limited('refresh')
  @Post('refresh')
  @HttpCode(200)
  @ApiAuthOperation('refresh')
  async refresh(
    @Body({ schema: schemas.refreshBody }) body: schemas.RefreshBody,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: CookieReply,
  ) {
    const provided = body.refresh_token === undefined ? this.providers.refreshable(request) : null;
    if (provided) return this.providers.refresh(provided, request, reply);
    const presented = this.answers.refreshToken(body.refresh_token, request);
    return this.answers.refreshed(await this.logins.refresh(presented.token, clientOf(request)), presented, reply);
  }

  @RequireAuth()
  @WithinTenant()
  @ServesProviderLogins()
  @Post('logout')
  @HttpCode(200)
  @ApiAuthOperation('logout')
  async logout(
    @Auth() auth: AuthContext,
    @Body({ schema: schemas.emptyBody }) _body: unknown,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: CookieReply,
  ) {
    if (auth.issuer !== undefined) return this.providers.logout(auth, request, reply);
    const effect = await this.logouts.logout(auth);
    this.answers.forget(request, reply);
    return logoutResponse(effect);
  }

  @RequireAuth()
  @ServesProviderLogins()
  @Get('me')
  @ApiAuthOperation('me')
  me(@Auth() auth: AuthContext, @Req() request: HttpRequest) {
    return auth.issuer === undefined ? meResponse(auth) : this.providers.me(auth, request);
  }

  @Public()
  @Limited('address')
  @Get('mode')
  @ApiAuthOperation('mode')
  async mode(@Query({ schema: schemas.modeQuery }) query: schemas.ModeQuery, @Req() { hostname: host }: HttpRequest) {
    return modeResponse(await this.capabilities.announced({ tenantId: query.tenant_id, host }));
  }
}
