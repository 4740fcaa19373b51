import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres';
import type { ServerLog } from '../../src/database/embedded/server-log';
import { migrateUp } from '../../src/database/migrate';
import { socketUrl } from '../../src/database/socket-url';

/** A server of its own for one test file, with a migrated database. */
export interface TestServer {
  readonly url: string;
  readonly server: EmbeddedPostgres;
  /** What the server wrote to its log so far. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** Makes the server log every statement with the name of the application that sent it: `latchkey: LOG:  execute …`. */
export const LOG_STATEMENTS = { log_min_messages: 'log', log_statement: 'all', log_line_prefix: '%a: ' };

/** A log that keeps what it is told. */
export function keepingLog(): ServerLog & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (_facts: object, message: string): void => void lines.push(message);
  return { lines, info: keep, warn: keep, error: keep };
}

/** A folder of its own that every user may enter and only the test may list. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'latchkey-test-'));
  await chmod(folder, 0o711);
  return folder;
}

/** Starts a dedicated embedded server with extra settings. */
export async function startTestServer(settings: Record<string, string | number> = {}): Promise<TestServer> {
  const folder = await temporaryFolder();
  const log = keepingLog();
  const server = await startEmbeddedPostgres({ dataDir: path.join(folder, 'postgres'), settings, log });
  const url = socketUrl(server.connection);
  await migrateUp(url);
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { url, server, lines: log.lines, stop };
}
