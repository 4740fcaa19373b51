import 'reflect-metadata';
import { Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AuthModule, type AuthHooks, type VerifierRecipe } from '@latchkey/nest';
import { NotesController } from '../../examples/resource-server/src/notes.controller';

export type Platform = 'express' | 'fastify';

@Module({ controllers: [NotesController] })
export class NotesModule {}

@Module({})
class DownstreamModule {
  static with(verifier: VerifierRecipe, hooks?: AuthHooks): DynamicModule {
    return { module: DownstreamModule, imports: [AuthModule.forRoot({ verifier, hooks }), NotesModule] };
  }
}

/** An application of its own, as `nest new` makes it, on a free port. Rejects when its verifier refuses the start. */
export async function startDownstream(
  platform: Platform,
  verifier: VerifierRecipe,
  hooks?: AuthHooks,
): Promise<{ readonly app: INestApplication; readonly url: string }> {
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const options = { logger: false as const, abortOnError: false };
  const app = await NestFactory.create(DownstreamModule.with(verifier, hooks), adapter, options);
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}
