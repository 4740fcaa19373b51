import { Controller, Get, Header, Param, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { clientOf, Public } from '@latchkey/nest';
import { Limited } from '../../protection/limit.guard';
import { SamlCallback } from './saml-callback';
import { depart, formOf, type HttpReply, type HttpRequest } from './saml-http';
import { SamlLogins } from './saml-logins.service';
import { ApiSamlOperation } from './saml.openapi';
import * as schemas from './saml.schemas';

/** Signing in at providers of SAML 2.0. */
@Public()
@Controller('auth/saml/:provider')
export class SamlController {
  constructor(
    private readonly logins: SamlLogins,
    private readonly callbacks: SamlCallback,
  ) {}

  @Limited('login')
  @Get('login')
  @ApiSamlOperation('beginSamlLogin')
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

  @Limited('login')
  @Post('acs')
  @RouteConfig({ form: true })
  @ApiSamlOperation('finishSamlLogin')
  async acs(
    @Param('provider', { schema: schemas.providerName }) provider: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ) {
    const { hostname: host, headers } = request;
    const browser = { host, cookieHeader: headers.cookie, client: clientOf(request) };
    depart(reply, await this.callbacks.finish({ provider, form: formOf(request), ...browser }));
  }

  @Limited('address')
  @Get('metadata')
  @Header('content-type', 'application/samlmetadata+xml; charset=utf-8')
  @ApiSamlOperation('samlMetadata')
  metadata(@Param('provider', { schema: schemas.providerName }) provider: string): string {
    return this.logins.metadata(provider);
  }
}
