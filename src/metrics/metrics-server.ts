import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { LOGGER } from '../common/common.module';
import type { Logger } from '../common/logger';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';

const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 72_000,
  maxHeaderSize: 8 * 1024,
};
const MOST_CONNECTIONS = 32;

/** Serves `GET /metrics` on a port of its own. Without that port the service runs on, and says so. */
@Injectable()
export class MetricsServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly server: Server;

  constructor(
    private readonly registry: Registry,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.server = createServer(LIMITS, (request, response) => void this.answer(request, response));
    this.server.maxConnections = MOST_CONNECTIONS;
  }

  /** Where it listens; null when it does not. */
  get port(): number | null {
    return (this.server.address() as AddressInfo | null)?.port ?? null;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { host, port } = this.config.metrics;
    try {
      await once(this.server.listen(port, host), 'listening');
      this.logger.info({ event: 'metrics_listening', host, port: this.port }, 'Metrics are served');
    } catch (error) {
      this.logger.warn({ event: 'metrics_not_served', host, port, err: error }, 'Metrics are not served');
    }
    this.server.on('error', (error) => this.logger.warn({ err: error }, 'the metrics server had an error'));
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('X-Content-Type-Options', 'nosniff').setHeader('Cache-Control', 'no-store');
    // A body is not read: the connection ends with the answer.
    if (method !== 'GET') response.setHeader('Connection', 'close');
    if (method !== 'GET' || url !== '/metrics') return void response.writeHead(404).end();
    try {
      const text = await this.registry.metrics();
      response.writeHead(200, { 'Content-Type': this.registry.contentType }).end(text);
    } catch (error) {
      this.logger.error({ err: error }, 'metrics could not be collected');
      response.writeHead(500).end();
    }
  }
}
