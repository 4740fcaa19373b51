// better-auth in NestJS: its handler beside the application's routes, and a guard that asks it who calls. Nest and pg are
// those of the other servers; better-auth is in this folder's own tree.
import { UnauthorizedException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node';
import { report } from '../../servers/lifecycle.mjs';
import { WhoamiModule } from '../../servers/whoami.mjs';
import { auth, pool } from './auth.mjs';
import { signInAll } from './sign-in.mjs';

const sessionGuard = {
  async canActivate(context) {
    const request = context.switchToHttp().getRequest();
    const found = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    if (!found) throw new UnauthorizedException();
    request.user = { userId: found.user.id, tenantId: found.user.tenantId };
    return true;
  },
};

if (process.env.BENCH_ISSUE) await signInAll(JSON.parse(process.env.BENCH_ISSUE));

const app = await NestFactory.create(WhoamiModule, new ExpressAdapter(), { logger: ['error'], bodyParser: false });
app.getHttpAdapter().getInstance().all('/api/auth/{*path}', toNodeHandler(auth));
app.useGlobalGuards(sessionGuard);
await app.listen(0, '127.0.0.1');
report(app.getHttpServer(), async () => {
  await app.close();
  await pool.end();
});
