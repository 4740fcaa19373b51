import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public, type JwtKey } from '@latchkey/nest';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { KeyRing } from '../keys/key-ring';
import { cacheable, type CacheableReply, type ConditionalRequest } from './cacheable-answer';

/** Public keys, for whoever checks access tokens. */
@ApiTags('discovery')
@Controller('.well-known/jwks.json')
export class JwksController {
  private readonly maxAge: number;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly keys: KeyRing,
  ) {
    this.maxAge = Math.floor(config.auth.jwt.keys.jwksMaxAge / 1000);
  }

  @Public()
  @Get()
  @ApiOperation({ summary: 'Public keys that access tokens are checked with (RFC 7517)' })
  @ApiOkResponse({ description: 'A JSON Web Key Set; empty where tokens are signed with a secret' })
  read(@Req() request: ConditionalRequest, @Res({ passthrough: true }) reply: CacheableReply): string | undefined {
    return cacheable({ keys: this.keys.published().map(publicJwk) }, this.maxAge, request, reply);
  }
}

function publicJwk({ id, algorithm, key }: JwtKey): object {
  const { kty, n, e, crv, x, y } = key.export({ format: 'jwk' });
  return { kty, kid: id, use: 'sig', alg: algorithm, n, e, crv, x, y };
}
