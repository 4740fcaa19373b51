// Do-it-yourself with an algorithm that passport-jwt does not have: Nest on Express and a guard around jose.
import { UnauthorizedException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { importSPKI, jwtVerify } from 'jose';
import { report } from './lifecycle.mjs';
import { WhoamiModule } from './whoami.mjs';

const key = await importSPKI(process.env.BENCH_PUBLIC_KEY, 'EdDSA');
const BEARER = /^Bearer (\S+)$/;

const joseGuard = {
  async canActivate(context) {
    const request = context.switchToHttp().getRequest();
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (!token) throw new UnauthorizedException();
    const { payload } = await jwtVerify(token, key, { algorithms: ['EdDSA'] }).catch(refuse);
    request.user = { userId: payload.user_id, tenantId: payload.tenant_id };
    return true;
  },
};

function refuse() {
  throw new UnauthorizedException();
}

const app = await NestFactory.create(WhoamiModule, new ExpressAdapter(), { logger: ['error'] });
app.useGlobalGuards(joseGuard);
await app.listen(0, '127.0.0.1');
report(app.getHttpServer(), () => app.close());
