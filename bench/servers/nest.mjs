// The same framework without Latchkey: no guard, or one that only says yes.
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { report } from './lifecycle.mjs';
import { WhoamiModule } from './whoami.mjs';

const sayYes = { canActivate: () => true };

const app = await NestFactory.create(WhoamiModule, new FastifyAdapter(), { logger: ['error'] });
if (process.env.BENCH_GUARD === 'yes') app.useGlobalGuards(sayYes);
await app.listen(0, '127.0.0.1');
report(app.getHttpServer(), () => app.close());
