import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@latchkey/nest';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { cacheable, type CacheableReply, type ConditionalRequest } from './cacheable-answer';

/** Seconds. */
const MAX_AGE = 3_600;
const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post'];

/** Where everything is that other services need. */
@ApiTags('discovery')
@Controller('.well-known/oauth-authorization-server')
export class MetadataController {
  private readonly metadata: object;

  constructor(@Inject(CONFIG) config: Config) {
    this.metadata = metadataOf(config);
  }

  @Public()
  @Get()
  @ApiOperation({ summary: 'Authorization server metadata (RFC 8414)' })
  @ApiOkResponse({ description: 'Issuer, endpoints and what they support' })
  read(@Req() request: ConditionalRequest, @Res({ passthrough: true }) reply: CacheableReply): string | undefined {
    return cacheable(this.metadata, MAX_AGE, request, reply);
  }
}

function metadataOf({ server, auth }: Config): object {
  const base = `${server.publicUrl}${server.basePath}`;
  return {
    issuer: auth.jwt.issuer,
    token_endpoint: `${base}/oauth/token`,
    jwks_uri: `${base}/.well-known/jwks.json`,
    introspection_endpoint: `${base}/oauth/introspect`,
    revocation_endpoint: `${base}/oauth/revoke`,
    grant_types_supported: ['client_credentials'],
    // Required by RFC 8414, and empty: there is no authorization endpoint.
    response_types_supported: [],
    token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
  };
}
