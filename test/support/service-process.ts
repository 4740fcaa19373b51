import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { temporaryFolder } from './test-server';

const ROOT = path.resolve(__dirname, '../..');
const CLI = path.join(ROOT, 'dist/src/cli/latchkey.js');
const STOP_WITHIN = 20_000;

/** Environment of the service: `LATCHKEY__AUTH__MODE` and its like. */
export type Settings = Readonly<Record<string, string>>;

export type Profile = 'stateful' | 'tracked' | 'denylist' | 'none';

/** What each profile is configured by. */
export const PROFILE: Readonly<Record<Profile, Settings>> = {
  stateful: { LATCHKEY__AUTH__MODE: 'stateful' },
  tracked: { LATCHKEY__AUTH__MODE: 'stateless', LATCHKEY__AUTH__JWT__SESSIONS: 'tracked' },
  denylist: { LATCHKEY__AUTH__MODE: 'stateless' },
  none: { LATCHKEY__AUTH__MODE: 'stateless', LATCHKEY__AUTH__JWT__REVOCATION: 'none' },
};

/** Two processes that share a database share this too. */
const SECRET = 'a root key for tests, longer than thirty-two bytes';

// Cheap hashes: what is proven is never how long a hash takes. No limits: every caller has one address. The service sees nothing of the caller's own environment.
const BASE: Settings = {
  PATH: process.env['PATH'] ?? '',
  NODE_ENV: 'development',
  PORT: '0',
  LATCHKEY_SECRET: SECRET,
  LATCHKEY__SERVER__HOST: '127.0.0.1',
  LATCHKEY__AUTH__PASSWORD__ALGORITHM: 'bcrypt',
  LATCHKEY__AUTH__PASSWORD__BCRYPT_COST: '4',
  LATCHKEY__AUTH__LIMITS__ENABLED: 'false',
  LATCHKEY__AUTH__PASSWORD__MIN_STRENGTH: '0',
};

export interface ServiceOptions {
  readonly databaseUrl: string;
  readonly profile?: Profile;
  /** Laid over the profile. */
  readonly settings?: Settings;
  /** Another script than the command line's `start`, such as an application's own, and its arguments. */
  readonly script?: readonly string[];
  /** Default: any free one. Give the port of a process that has ended to take its place. */
  readonly port?: number;
}

/** One line of the service's log; its own fields beside these. */
export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly event?: string;
  readonly level?: string;
  readonly msg?: string;
}

/** The built service as a child process, ready to serve. */
export interface ServiceProcess {
  readonly pid: number;
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Everything it wrote to standard output and standard error so far, line by line. */
  readonly output: readonly string[];
  /** The lines of its log that carry this event. */
  logged(event: string): LogLine[];
  /** Milliseconds from the start of the process to its "listening". */
  readonly startedIn: number;
  /** Resolves with the exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** SIGTERM; resolves with the exit code when it has left in order. Idempotent. */
  stop(): Promise<number | null>;
  /** SIGKILL. Idempotent. */
  kill(): Promise<void>;
}

/** Starts the service and resolves when it listens; rejects with what it wrote when it ends before. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const folder = await temporaryFolder();
  const begun = performance.now();
  const node = spawn(process.execPath, [...(options.script ?? [CLI, 'start'])], {
    cwd: ROOT,
    env: environmentOf(options, folder),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  leaveNoneBehind(node);
  const output: string[] = [];
  const exited = (once(node, 'close') as Promise<[number | null]>).then(async ([code]) => {
    await rm(folder, { recursive: true, force: true });
    return code;
  });
  const port = await Promise.race([
    listening(node, output),
    exited.then((code) => {
      throw new Error(`The service ended with ${code} before it listened:\n${output.slice(-40).join('\n')}`);
    }),
  ]);
  return {
    pid: node.pid as number,
    port,
    url: `http://127.0.0.1:${port}`,
    output,
    logged: (event) => output.map(parsed).filter((line) => line.event === event),
    startedIn: performance.now() - begun,
    exited,
    stop: () => stop(node, exited),
    kill: async () => {
      node.kill('SIGKILL');
      await exited;
    },
  };
}

/** Runs one command of the command line beside the service; resolves with the JSON it printed. */
export async function runCommand<T>(options: ServiceOptions, ...words: readonly string[]): Promise<T> {
  const folder = await temporaryFolder();
  try {
    const env = environmentOf(options, folder);
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...words, '--json'], { cwd: ROOT, env });
    return JSON.parse(stdout) as T;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function environmentOf(
  { databaseUrl, profile = 'stateful', settings, port }: ServiceOptions,
  folder: string,
): Settings {
  return {
    ...BASE,
    DATABASE_URL: databaseUrl,
    LATCHKEY_DATA_DIR: folder,
    ...(port !== undefined && { PORT: String(port) }),
    ...PROFILE[profile],
    ...settings,
  };
}

function listening(node: ChildProcess, output: string[]): Promise<number> {
  return new Promise((resolve) => {
    const read = (line: string): void => {
      output.push(line);
      if (!line.includes('"listening"')) return;
      const { event, port } = parsed(line);
      if (event === 'listening') resolve(port as number);
    };
    for (const stream of [node.stdout, node.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', read);
    }
  });
}

/** Nothing, for a line that is no JSON. */
function parsed(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return {};
  }
}

async function stop(node: ChildProcess, exited: Promise<number | null>): Promise<number | null> {
  const impatience = setTimeout(() => node.kill('SIGKILL'), STOP_WITHIN);
  if (node.exitCode === null && node.signalCode === null) node.kill('SIGTERM');
  return exited.finally(() => clearTimeout(impatience));
}

/** A test that fails or a worker that ends must not leave a service running. */
function leaveNoneBehind(node: ChildProcess): void {
  const kill = (): void => void node.kill('SIGKILL');
  process.once('exit', kill);
  node.once('exit', () => process.off('exit', kill));
}
