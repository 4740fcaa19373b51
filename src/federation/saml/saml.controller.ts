import { Body, Controller, Get, Header, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { AuthError, clientOf, Public } from '@latchkey/nest';
import { Limited } from '../../protection/limit.guard';
import { loginResponse } from '../../sign-in/grant-response';
import { SamlCallback } from './saml-callback';
import type { CodeAudience } from './saml-codes';
import { SamlExchange } from './saml-exchange';
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
    private readonly exchanges: SamlExchange,
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
    const exchange = audienceOf(query);
    depart(reply, await this.logins.begin({ provider, tenant, returnTo: query.return_to, remember, exchange }));
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

  @Limited('login')
  @Post('exchange')
  @HttpCode(200)
  @ApiSamlOperation('exchangeSamlCode')
  async exchange(
    @Param('provider', { schema: schemas.providerName }) provider: string,
    @Body({ schema: schemas.exchangeBody }) body: schemas.ExchangeBody,
    @Req() request: HttpRequest,
  ) {
    const { code, code_verifier: verifier, redirect_uri: redirectUri } = body;
    const proof = { code, verifier, redirectUri };
    return loginResponse(await this.exchanges.exchange(provider, proof, clientOf(request)));
  }

  @Limited('address')
  @Get('metadata')
  @Header('content-type', 'application/samlmetadata+xml; charset=utf-8')
  @ApiSamlOperation('samlMetadata')
  metadata(@Param('provider', { schema: schemas.providerName }) provider: string): string {
    return this.logins.metadata(provider);
  }
}

/** Both, or none; and then the application says where the browser goes. */
function audienceOf({
  redirect_uri: redirectUri,
  code_challenge: codeChallenge,
  return_to: returnTo,
}: schemas.LoginQuery) {
  if (redirectUri === undefined && codeChallenge === undefined) return undefined;
  if (redirectUri !== undefined && codeChallenge !== undefined && returnTo === undefined) {
    return { redirectUri, codeChallenge } satisfies CodeAudience;
  }
  const errors = [{ pointer: '/redirect_uri', message: 'goes with code_challenge, and without return_to' }];
  throw new AuthError('validation_failed', 'Some of what was sent is not valid', { errors });
}
