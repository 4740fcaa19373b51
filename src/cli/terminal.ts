import type { Readable, Writable } from 'node:stream';
import { UsageError } from './failure';

/** Where a command reads and writes: the process's own streams, or a test's. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

const LONGEST_INPUT = 65_536;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** All of standard input. A password or token that cannot be read faithfully is refused, never repaired. */
export async function readInput({ stdin }: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk as Buffer | string));
    size += (chunks.at(-1) as Buffer).length;
    if (size > LONGEST_INPUT) throw new UsageError(`Standard input is longer than ${LONGEST_INPUT} bytes`);
  }
  try {
    return UTF8.decode(Buffer.concat(chunks));
  } catch {
    throw new UsageError('Standard input is not UTF-8');
  }
}
