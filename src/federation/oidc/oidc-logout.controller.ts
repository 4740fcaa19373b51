import { Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  AccessTokenVerifier,
  AuthError,
  clientOf,
  CookieAccess,
  presentedToken,
  Public,
  type AuthContext,
} from '@latchkey/nest';
import { Limited } from '../../protection/limit.guard';
import { ProviderCookies } from '../../sign-in/provider-cookies';
import { TokenCookies } from '../../sign-in/token-cookies';
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
    private readonly cookies: TokenCookies,
    private readonly providerCookies: ProviderCookies,
    private readonly access: CookieAccess,
    private readonly verifier: AccessTokenVerifier,
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
    // A link on a page of somebody else must not sign anybody out.
    if (request.headers['sec-fetch-site'] === 'cross-site') {
      throw new AuthError('csrf_failed', 'Only pages of this service may sign out here');
    }
    const { cookie: cookieHeader } = request.headers;
    const leaver = { auth: await this.proof(request), cookieHeader };
    const location = await this.logouts.end(provider, leaver, query.return_to);
    depart(reply, {
      location,
      cookies: [...this.cookies.clear(), ...this.providerCookies.clearPresented(cookieHeader)],
    });
  }

  /** Null also where the token is good for nothing any more: nobody who wants to leave is kept. */
  private async proof(request: HttpRequest): Promise<AuthContext | null> {
    try {
      const token =
        presentedToken(request.headers['authorization'] as string | undefined) ?? this.access.token(request);
      return token === null ? null : await this.verifier.verify(token, clientOf(request));
    } catch (error) {
      if (error instanceof AuthError && error.status === 401) return null;
      throw error;
    }
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
