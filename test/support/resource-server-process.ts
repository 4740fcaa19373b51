import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = path.resolve(__dirname, '../../examples/resource-server/dist/main.js');

/** The built example as a child process: an ES module on Express that knows the address of the service and its own client. */
export interface ResourceServerProcess {
  readonly url: string;
  stop(): Promise<void>;
}

export interface ResourceServerOptions {
  readonly serviceUrl: string;
  readonly client: { readonly id: string; readonly secret: string };
  readonly verifier: 'jwks' | 'introspection' | 'auto';
  readonly onLoss?: 'bounded_staleness' | 'fail_closed';
  /** Milliseconds. */
  readonly maxStaleness?: number;
}

/** Resolves when it listens; rejects with what it wrote when it ends before. */
export async function startResourceServer(options: ResourceServerOptions): Promise<ResourceServerProcess> {
  const node = spawn(process.execPath, [MAIN], { env: environmentOf(options), stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void node.kill('SIGKILL');
  process.once('exit', kill);
  const exited = once(node, 'close').finally(() => process.off('exit', kill));
  const output: string[] = [];
  const url = await Promise.race([
    new Promise<string>((resolve) => {
      for (const stream of [node.stdout, node.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          output.push(line);
          if (line.startsWith('listening on ')) resolve(line.slice('listening on '.length));
        });
      }
    }),
    exited.then(() => {
      throw new Error(`The resource server ended before it listened:\n${output.slice(-20).join('\n')}`);
    }),
  ]);
  return {
    url,
    stop: async () => {
      node.kill('SIGTERM');
      await exited;
    },
  };
}

function environmentOf({
  serviceUrl,
  client,
  verifier,
  onLoss,
  maxStaleness,
}: ResourceServerOptions): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    PORT: '0',
    LATCHKEY_URL: serviceUrl,
    CLIENT_ID: client.id,
    CLIENT_SECRET: client.secret,
    VERIFIER: verifier,
    ...(onLoss && { ON_LOSS: onLoss }),
    ...(maxStaleness !== undefined && { MAX_STALENESS: String(maxStaleness) }),
  };
}
