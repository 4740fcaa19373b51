// The same framework without Latchkey, on Fastify or Express: no guard, or one that only says yes.
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { report } from './lifecycle.mjs';
import { WhoamiModule } from './whoami.mjs';

const sayYes = { canActivate: () => true };

const adapter = process.env.BENCH_ADAPTER === 'express' ? new ExpressAdapter() : new FastifyAdapter();
const app = await NestFactory.create(WhoamiModule, adapter, { logger: ['error'] });
if (process.env.BENCH_GUARD === 'yes') app.useGlobalGuards(sayYes);
await app.listen(0, '127.0.0.1');
report(app.getHttpServer(), () => app.close());
