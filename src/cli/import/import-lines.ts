import type { Readable } from 'node:stream';
import { UsageError } from '../failure';

const LONGEST_LINE = 262_144;

/** The lines of a stream with their numbers, one at a time. A line that never ends does not fill the memory. */
export async function* numberedLines(input: Readable): AsyncGenerator<{ line: number; text: string }> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let line = 0;
  for await (const chunk of input) {
    const lines = (rest + decode(decoder, chunk as Buffer, line)).split('\n');
    rest = lines.pop() as string;
    for (const text of lines) yield { line: (line += 1), text: text.endsWith('\r') ? text.slice(0, -1) : text };
    if (rest.length > LONGEST_LINE) throw new UsageError(`Line ${line + 1} is longer than ${LONGEST_LINE} characters`);
  }
  if (rest !== '') yield { line: line + 1, text: rest };
}

function decode(
  decoder: { decode(chunk: Buffer, options: { stream: boolean }): string },
  chunk: Buffer,
  line: number,
): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch {
    throw new UsageError(`The file is not UTF-8, soon after line ${line}`);
  }
}
