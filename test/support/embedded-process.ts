import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { SocketConnection } from '../../src/database/socket-url';

export const BUILD = path.resolve(__dirname, '../../dist');
const SCRIPT = path.join(__dirname, 'run-embedded.js');

/** A real process that uses the embedded server on a data folder. */
export interface EmbeddedProcess {
  readonly pid: number;
  readonly adopted: boolean;
  readonly connection: SocketConnection;
  readonly node: ChildProcess;
  /** SIGKILL to the process alone. */
  kill(): Promise<void>;
  /** Lets it leave in order. */
  leave(): Promise<void>;
}

/** Starts one and resolves when its server is ready; rejects with what it wrote when it ends before. */
export async function embeddedProcess(dataDir: string, build: string = BUILD): Promise<EmbeddedProcess> {
  const node = spawn(process.execPath, [SCRIPT, build, dataDir], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  node.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const first = once(createInterface({ input: node.stdout }), 'line') as Promise<[string]>;
  const ended = once(node, 'exit').then(() => {
    throw new Error(complaint);
  });
  ended.catch(() => {});
  const [line] = await Promise.race([first, ended]);
  const facts = JSON.parse(line) as Pick<EmbeddedProcess, 'pid' | 'adopted' | 'connection'>;
  return { ...facts, node, kill: () => end(node, 'SIGKILL'), leave: () => end(node, 'SIGTERM') };
}

async function end(node: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return;
  const exited = once(node, 'exit');
  node.kill(signal);
  await exited;
}
