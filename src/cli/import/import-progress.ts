import type { Terminal } from '../terminal';
import type { ImportTally } from './import-run';

/** Shows how far an import is. */
export interface ImportProgress {
  at(bytes: number, tally: ImportTally): void;
  end(): void;
}

const NONE: ImportProgress = { at: () => {}, end: () => {} };

/** A bar for whoever sits at a terminal; nothing for a pipe. */
export async function importProgress({ stderr }: Terminal, bytes: number, wanted: boolean): Promise<ImportProgress> {
  if (!wanted || !stderr.isTTY || bytes === 0) return NONE;
  const { progress } = await import('@clack/prompts');
  const bar = progress({ max: bytes, output: stderr });
  let shown = 0;
  bar.start('Importing');
  return {
    at: (read, { rows }) => {
      bar.advance(read - shown, `${rows} rows`);
      shown = read;
    },
    end: () => bar.stop('The file is read'),
  };
}
