import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { ownVersion } from '../common/version';
import { BackgroundDatabase } from '../database/background-database';
import { Database } from '../database/database';
import { ModeCapabilities } from '../strategy/mode-capabilities';

const PREFIX = 'latchkey_';
/** Milliseconds between two looks at the event loop: often enough to see what a request feels, rare enough to cost nothing. */
const LOOK_EVERY = 20;
/** Gauges with names of counters, and what repeats others in more detail. */
const LEFT_OUT = [
  'nodejs_active_handles_total',
  'nodejs_active_handles',
  'nodejs_active_requests_total',
  'nodejs_active_requests',
  'nodejs_active_resources_total',
  'nodejs_active_resources',
  'nodejs_heap_space_size_total_bytes',
  'nodejs_heap_space_size_used_bytes',
  'nodejs_heap_space_size_available_bytes',
  'process_virtual_memory_bytes',
  'process_heap_bytes',
];

/** The process: which one it is, its memory, processor time and event loop, its connections to the database. */
@Injectable()
export class ProcessMetrics {
  constructor(
    private readonly registry: Registry,
    capabilities: ModeCapabilities,
    private readonly requests: Database,
    private readonly background: BackgroundDatabase,
  ) {
    this.tellBuild(capabilities);
    this.measureConnections();
    collectDefaultMetrics({ register: registry, prefix: PREFIX, eventLoopMonitoringPrecision: LOOK_EVERY });
    for (const name of LEFT_OUT) registry.removeSingleMetric(`${PREFIX}${name}`);
  }

  private tellBuild(capabilities: ModeCapabilities): void {
    const { mode, accessToken, refreshToken } = capabilities.describe();
    new Gauge({
      name: 'latchkey_build_info',
      help: 'Which release runs in which mode; always 1',
      labelNames: ['version', 'mode', 'access_token', 'refresh_token'],
      registers: [this.registry],
    }).set({ version: ownVersion(), mode, access_token: accessToken, refresh_token: refreshToken }, 1);
  }

  private measureConnections(): void {
    const { requests, background } = this;
    const pools = Object.entries({ requests, background });
    const common = { labelNames: ['pool'], registers: [this.registry] };
    new Gauge({
      name: 'latchkey_database_connections',
      help: 'Connections to the database, by pool and whether they are in use',
      ...common,
      labelNames: ['pool', 'state'],
      collect() {
        for (const [pool, { use }] of pools) {
          this.set({ pool, state: 'busy' }, use.total - use.idle);
          this.set({ pool, state: 'idle' }, use.idle);
        }
      },
    });
    new Gauge({
      name: 'latchkey_database_waiting',
      help: 'Statements that wait for a connection to the database',
      ...common,
      collect() {
        for (const [pool, { use }] of pools) this.set({ pool }, use.waiting);
      },
    });
  }
}
