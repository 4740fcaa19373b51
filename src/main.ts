import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { constants } from 'node:os';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AppSettings } from './app.module';
import { createLogger, type Logger } from './common/logger';
import type { Config } from './config/config';
import { createApp } from './create-app';
import { ModeCapabilities } from './strategy/mode-capabilities';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** What closing the database may take after the last request. Milliseconds. */
const LAST_STEPS = 1_500;

type Added = Pick<AppSettings, 'extend' | 'prepare'>;

/** Starts the service, with what an application adds to it: builds it, listens, and stops it in order when asked to. */
export async function start(config: Config, added: Added = {}): Promise<NestFastifyApplication> {
  const logger = createLogger(config.log.level);
  const app = await createApp({ config, logger, ...added });
  const { host, port, shutdownTimeout } = config.server;
  stopOnSignal(app, shutdownTimeout, logger);
  await app.listen(port, host);
  const { port: listening } = app.getHttpServer().address() as AddressInfo;
  const { mode } = app.get(ModeCapabilities).describe();
  logger.info({ event: 'listening', host, port: listening, mode, environment: config.environment }, 'Ready');
  return app;
}

/** The first signal lets open requests finish for `timeout` milliseconds and ends with code 0; a second one ends at once. */
function stopOnSignal(app: NestFastifyApplication, timeout: number, logger: Logger): void {
  let stopping = false;
  const stop = (signal: (typeof STOP_SIGNALS)[number]): void => {
    // Not left to the system's default: as process 1 of a container that would do nothing.
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    logger.info({ event: 'stopping', signal }, 'Stopping');
    const server = app.getHttpServer() as Server;
    setTimeout(() => server.closeAllConnections(), timeout).unref();
    setTimeout(() => giveUp(logger, new Error('Closing took too long')), timeout + LAST_STEPS).unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => giveUp(logger, error),
    );
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
}

function giveUp(logger: Logger, error: unknown): never {
  logger.error({ event: 'stopped_out_of_order', err: error }, 'Not everything could be closed in order');
  process.exit(1);
}
