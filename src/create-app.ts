import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule, type AppSettings } from './app.module';
import { NestLogger } from './common/nest-logger';
import { fastifyAdapter } from './edge/fastify-adapter';
import { prepareEdge } from './edge/http-edge';

/** The application, built and initialised, not yet listening. */
export async function createApp(settings: AppSettings): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(settings),
    fastifyAdapter(settings.config),
    { logger: new NestLogger(settings.logger), bodyParser: false, abortOnError: false },
  );
  prepareEdge(app, settings.config);
  settings.prepare?.(app);
  await app.init();
  return app;
}
