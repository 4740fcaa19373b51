import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Auth, clientOf, Public, RequireAuth, RequireFresh, type AuthContext } from '@latchkey/nest';
import { Limited } from '../../protection/limit.guard';
import { loginResponse } from '../../sign-in/grant-response';
import { WithinTenant } from '../../sign-in/within-tenant';
import { CodeExchange } from './code-exchange';
import { IdentityLinking } from './identity-linking';
import { OidcCallback } from './oidc-callback';
import { depart, queryOf, type HttpReply, type HttpRequest } from './oidc-http';
import { OidcLogins } from './oidc-logins.service';
import { ApiOidcOperation } from './oidc.openapi';
import * as schemas from './oidc.schemas';

/** Signing in at providers. */
@Controller('auth/oidc')
export class OidcController {
  constructor(
    private readonly logins: OidcLogins,
    private readonly callbacks: OidcCallback,
    private readonly exchanges: CodeExchange,
    private readonly linking: IdentityLinking,
  ) {}

  @Public()
  @Limited('address')
  @Get()
  @ApiOidcOperation('listProviders')
  async list(@Query({ schema: schemas.listQuery }) query: schemas.ListQuery, @Req() { hostname: host }: HttpRequest) {
    const providers = await this.logins.list({ tenantId: query.tenant_id, host });
    return { providers: providers.map(({ name, settings }) => ({ name, type: settings.type })) };
  }

  @Public()
  @Limited('login')
  @Get(':provider/login')
  @ApiOidcOperation('beginOidcLogin')
  async login(
    @Param('provider', { schema: schemas.providerName }) provider: string,
    @Query({ schema: schemas.loginQuery }) query: schemas.LoginQuery,
    @Req() { hostname: host }: HttpRequest,
    @Res() reply: HttpReply,
  ) {
    const tenant = { tenantId: query.tenant_id, host };
    const remember = query.remember !== 'false';
    depart(reply, await this.logins.begin({ provider, tenant, returnTo: query.return_to, remember }));
  }

  @Public()
  @Limited('login')
  @Get(':provider/callback')
  @ApiOidcOperation('finishOidcLogin')
  async callback(
    @Param('provider', { schema: schemas.providerName }) provider: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ) {
    const arrival = { provider, query: queryOf(request), cookieHeader: request.headers.cookie };
    depart(reply, await this.callbacks.finish({ ...arrival, client: clientOf(request) }));
  }

  @Public()
  @Limited('login')
  @Post(':provider/exchange')
  @HttpCode(200)
  @ApiOidcOperation('exchangeCode')
  async exchange(
    @Param('provider', { schema: schemas.providerName }) provider: string,
    @Body({ schema: schemas.exchangeBody }) body: schemas.ExchangeBody,
    @Req() request: HttpRequest,
  ) {
    const { code, code_verifier: verifier, redirect_uri: redirectUri, nonce, iss, remember } = body;
    const tenant = { tenantId: body.tenant_id, host: request.hostname };
    const exchange = { code, verifier, redirectUri, nonce, iss, remember, tenant, client: clientOf(request) };
    return loginResponse(await this.exchanges.exchange(provider, exchange));
  }

  @RequireAuth()
  @WithinTenant()
  @RequireFresh('10m')
  @Post(':provider/link')
  @HttpCode(200)
  @ApiOidcOperation('beginLink')
  async link(
    @Auth() auth: AuthContext,
    @Param('provider', { schema: schemas.providerName }) provider: string,
    @Body({ schema: schemas.linkBody }) body: schemas.LinkBody,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { location, cookies } = await this.linking.begin(auth, provider, body?.return_to);
    reply.header('set-cookie', [...cookies]);
    return { url: location };
  }
}
