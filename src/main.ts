import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger } from './common/logger';
import type { Config } from './config/config';
import { createApp } from './create-app';

/** Starts the service: builds it, listens, and stops it in order when asked to. */
export async function start(config: Config): Promise<NestFastifyApplication> {
  const logger = createLogger(config.log.level);
  const app = await createApp({ config, logger });
  app.enableShutdownHooks();
  const { host, port } = config.server;
  await app.listen(port, host);
  const { port: listening } = app.getHttpServer().address() as AddressInfo;
  logger.info({ event: 'listening', host, port: listening, mode: config.auth.mode, environment: config.environment }, 'Ready');
  return app;
}
