import { Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { Public } from '@latchkey/nest';
import { Limited } from '../../protection/limit.guard';
import { SignOut } from '../../sign-in/sign-out';
import { SamlDepartures } from './saml-departures';
import { depart, formOf, parametersOf, queryOf, type HttpReply, type HttpRequest } from './saml-http';
import { SamlLogout, type LogoutArrival } from './saml-logout.service';
import { ApiSamlOperation } from './saml.openapi';
import * as schemas from './saml.schemas';

/** Signing out at providers of SAML 2.0, and by their word. */
@Public()
@Controller('auth/saml/:provider')
export class SamlLogoutController {
  constructor(
    private readonly departures: SamlDepartures,
    private readonly logouts: SamlLogout,
    private readonly signOut: SignOut,
  ) {}

  @Limited('address')
  @Get('logout')
  @ApiSamlOperation('beginSamlLogout')
  async begin(
    @Param('provider', { schema: schemas.providerName }) provider: string,
    @Query({ schema: schemas.logoutQuery }) query: schemas.LogoutQuery,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ) {
    depart(reply, await this.departures.begin(provider, await this.signOut.leaver(request), query.return_to));
  }

  @Limited('address')
  @Get('slo')
  @ApiSamlOperation('samlLogout')
  async arrive(
    @Param('provider', { schema: schemas.providerName }) provider: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ) {
    const query = queryOf(request);
    await this.answer(reply, { provider, query, parameters: parametersOf(query) }, request);
  }

  @Limited('address')
  @Post('slo')
  @RouteConfig({ form: true })
  @ApiSamlOperation('samlLogoutForm')
  async arriveWithForm(
    @Param('provider', { schema: schemas.providerName }) provider: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ) {
    await this.answer(reply, { provider, query: null, parameters: formOf(request) }, request);
  }

  /** One address for both (Metadata, 2.4.1.1): a request of the provider, or its answer to one of ours. */
  private async answer(reply: HttpReply, arrival: LogoutArrival, { headers }: HttpRequest): Promise<void> {
    const { provider, parameters } = arrival;
    if (parameters.has('SAMLResponse') && !parameters.has('SAMLRequest')) {
      const back = { provider, relayState: parameters.get('RelayState'), cookieHeader: headers.cookie };
      return depart(reply, this.departures.finish(back));
    }
    // A provider that names no place for the answer has the browser stay here.
    depart(reply, { location: (await this.logouts.end(arrival)) ?? '/', cookies: [] });
  }
}
