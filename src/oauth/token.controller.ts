import { Controller, Header, HttpCode, Post } from '@nestjs/common';
import type { Client } from '../clients/client';
import { ClientCredentials } from './client-credentials.service';
import { ForClients, FormBody, OAuthClient, OAuthRoute } from './client.guard';
import { required, type Form } from './form';
import { TokenIntrospection } from './introspection.service';
import { ApiOAuthOperation } from './oauth.openapi';
import { introspectionResponse, tokenResponse } from './oauth.responses';
import { TokenRevocation } from './token-revocation.service';

/** Tokens, as clients get them, ask about them and end them. */
@ForClients()
@Controller('oauth')
export class TokenController {
  constructor(
    private readonly credentials: ClientCredentials,
    private readonly introspection: TokenIntrospection,
    private readonly revocation: TokenRevocation,
  ) {}

  @Post('token')
  @HttpCode(200)
  @Header('Pragma', 'no-cache')
  @OAuthRoute({ form: true })
  @ApiOAuthOperation('token')
  async token(@OAuthClient() client: Client, @FormBody() form: Form) {
    return tokenResponse(await this.credentials.grant(client, form));
  }

  @Post('introspect')
  @HttpCode(200)
  @OAuthRoute({ form: true })
  @ApiOAuthOperation('introspect')
  async introspect(@OAuthClient() client: Client, @FormBody() form: Form) {
    return introspectionResponse(await this.introspection.introspect(client, required(form, 'token')));
  }

  @Post('revoke')
  @HttpCode(200)
  @OAuthRoute({ form: true })
  @ApiOAuthOperation('revokeToken')
  async revoke(@OAuthClient() client: Client, @FormBody() form: Form): Promise<void> {
    await this.revocation.revoke(client, required(form, 'token'));
  }
}
