import { Body, Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { Auth, clientOf, Public, RequireAuth, type AuthContext, type GuardedRequest } from '@latchkey/nest';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import { ApiAuthOperation } from './auth.openapi';
import { grantResponse, logoutResponse, meResponse, modeResponse } from './auth.responses';
import * as schemas from './auth.schemas';
import { AuthService } from './auth.service';
import { LoginRefresher } from './login-refresher';
import { SelfRegistration } from './self-registration';

interface HttpRequest extends GuardedRequest {
  readonly hostname?: string;
}

/** Sign up, in, on and out. */
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly logins: LoginRefresher,
    private readonly registrations: SelfRegistration,
    private readonly capabilities: ModeCapabilities,
  ) {}

  @Public()
  @Post('register')
  @HttpCode(202)
  @ApiAuthOperation('register')
  async register(@Body({ schema: schemas.registerBody }) body: schemas.RegisterBody, @Req() request: HttpRequest) {
    await this.registrations.register(body, request.hostname);
    return { status: 'accepted' };
  }

  @Public()
  @Post('login')
  @HttpCode(200)
  @ApiAuthOperation('login')
  async login(@Body({ schema: schemas.loginBody }) body: schemas.LoginBody, @Req() request: HttpRequest) {
    const grant = await this.auth.login({
      identifier: body.email ?? body.username ?? '',
      password: body.password,
      tenant: { tenantId: body.tenant_id, host: request.hostname },
      client: clientOf(request),
      remember: body.remember,
    });
    return grantResponse(grant);
  }

  @Public()
  @Post('refresh')
  @HttpCode(200)
  @ApiAuthOperation('refresh')
  async refresh(@Body({ schema: schemas.refreshBody }) body: schemas.RefreshBody, @Req() request: HttpRequest) {
    return grantResponse(await this.logins.refresh(body.refresh_token, clientOf(request)));
  }

  @RequireAuth()
  @Post('logout')
  @HttpCode(200)
  @ApiAuthOperation('logout')
  async logout(@Auth() auth: AuthContext, @Body({ schema: schemas.emptyBody }) _body: unknown) {
    return logoutResponse(await this.auth.logout(auth));
  }

  @RequireAuth()
  @Get('me')
  @ApiAuthOperation('me')
  me(@Auth() auth: AuthContext) {
    return meResponse(auth);
  }

  @Public()
  @Get('mode')
  @ApiAuthOperation('mode')
  mode() {
    return modeResponse(this.capabilities.describe());
  }
}
