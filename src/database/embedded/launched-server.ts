import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { atMost } from '../time-limit';
import { BARE_ENVIRONMENT } from './run-program';
import type { ServerLog } from './server-log';
import type { ServerUser } from './server-user';

/** Settings of the server's own configuration. */
export type ServerSettings = Readonly<Record<string, string | number>>;

export interface LaunchOptions {
  readonly bin: string;
  readonly dataDir: string;
  readonly socketDir: string;
  readonly port: number;
  readonly user: ServerUser | null;
  readonly settings: ServerSettings;
  readonly log: ServerLog;
}

/**
 * Runs the server and reads standard input, which ends when our process does, even by SIGKILL: then the server gets
 * SIGINT, disconnects everybody and ends, or SIGQUIT if it takes longer than ten seconds.
 */
const WATCHDOG = `
exec 3<&0 </dev/null
"$@" 3<&- & server=$!
(read -r _ <&3; kill -INT $server; sleep 10; kill -QUIT $server) 2>/dev/null & watch=$!
wait $server; status=$?
kill $watch 2>/dev/null
exit $status`;

const KEPT_LINES = 20;
const STOP_LIMIT_MS = 15_000;

/** A server that this process started and that ends with it. */
export class LaunchedServer {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #output: string[] = [];
  #running = true;

  constructor(options: LaunchOptions) {
    this.#child = spawnDetached(options);
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        this.#running = false;
        resolve();
      };
      this.#child.once('exit', end).once('error', (error) => {
        this.#note(error.message, options.log);
        end();
      });
    });
    const lines = createInterface({ input: this.#child.stderr! });
    lines.on('line', (line) => this.#note(line, options.log));
  }

  get running(): boolean {
    return this.#running;
  }

  /** The last lines the server wrote. */
  get output(): string {
    return this.#output.join('\n');
  }

  /** Ends the server: open transactions are undone, finished ones are kept. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    await atMost(STOP_LIMIT_MS, this.#ended);
  }

  #note(line: string, log: ServerLog): void {
    this.#output.push(line);
    if (this.#output.length > KEPT_LINES) this.#output.shift();
    log.warn({ source: 'postgres' }, line);
  }
}

/** Detached, so that Ctrl-C in a terminal does not reach the server before our pools are closed. */
function spawnDetached({ bin, dataDir, socketDir, port, user, settings }: LaunchOptions): ChildProcess {
  const place = ['-D', dataDir, '-k', socketDir, '-p', String(port)];
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', path.join(bin, 'postgres'), ...place, ...flags], {
    ...user,
    cwd: '/',
    env: BARE_ENVIRONMENT,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  child.unref();
  for (const stream of [child.stdin, child.stderr]) (stream as unknown as { unref(): void }).unref();
  child.stdin?.on('error', () => {});
  return child;
}
