import { Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { Public } from '@latchkey/nest';
import { Limited } from '../../protection/limit.guard';
import { ProviderCookies } from '../../sign-in/provider-cookies';
import { SignOut } from '../../sign-in/sign-out';
import { BackchannelLogout } from './backchannel-logout';
import { notValid } from './logout-token';
import { depart, type HttpReply, type HttpRequest } from './oidc-http';
import { ApiOidcOperation } from './oidc.openapi';
import * as schemas from './oidc.schemas';
import { ProviderLogout } from './provider-logout';

/** Signing out at providers, and by their word. */
@Controller('auth/oidc')
export class OidcLogoutController {
  constructor(
    private readonly logouts: ProviderLogout,
    private readonly backchannel: BackchannelLogout,
    private readonly signOut: SignOut,
    private readonly providerCookies: ProviderCookies,
  ) {}

  @Public()
  @Limited('address')
  @Get(':provider/logout')
  @ApiOidcOperation('oidcLogout')
  async logout(
    @Param('provider', { schema: schemas.providerName }) provider: string,
    @Query({ schema: schemas.logoutQuery }) query: schemas.LogoutQuery,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ) {
    const leaver = await this.signOut.leaver(request);
    const location = await this.logouts.end(provider, leaver, query.return_to);
    const passed = this.providerCookies.clearPresented(leaver.cookieHeader);
    depart(reply, { location, cookies: [...this.signOut.clearedCookies(), ...passed] });
  }

  @Public()
  @Limited('address')
  @Post(':provider/backchannel-logout')
  @HttpCode(200)
  @RouteConfig({ form: true })
  @ApiOidcOperation('backchannelLogout')
  async backchannelLogout(
    @Param('provider', { schema: schemas.providerName }) provider: string,
    @Req() { body }: { readonly body?: unknown },
  ): Promise<void> {
    const tokens = body instanceof Buffer ? new URLSearchParams(body.toString('latin1')).getAll('logout_token') : [];
    const [token] = tokens;
    if (tokens.length !== 1 || !token) throw notValid('not one token');
    await this.backchannel.end(provider, token);
  }
}
