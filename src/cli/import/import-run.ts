import { AuthError } from '@latchkey/nest';
import type { ImportEntry, ImportOrder, ImportOutcome, UserImport } from '../../identity/user-import.service';
import type { Tenant } from '../../tenancy/tenant.entity';
import type { ImportRow } from './import-rows';
import { readRow } from './import-user';

export interface ImportTally {
  rows: number;
  created: number;
  updated: number;
  skipped: number;
  refused: number;
}

export interface ImportRun {
  readonly tenant: Pick<Tenant, 'slug'>;
  readonly order: ImportOrder;
  /** Accounts in one statement. */
  readonly batch: number;
  /** Fields of every row that does not have them itself. */
  readonly defaults: object;
  /** Told of each row that was refused. */
  readonly onRefused: (line: number, reason: string) => void | Promise<void>;
  /** Told of the progress after each batch. */
  readonly onBatch: (tally: ImportTally) => void;
}

interface Read {
  readonly line: number;
  readonly entry: ImportEntry;
}

/** Imports row by row in batches; the next rows are read when a batch is in the database. */
export async function importUsers(rows: AsyncIterable<ImportRow>, service: UserImport, run: ImportRun) {
  const tally: ImportTally = { rows: 0, created: 0, updated: 0, skipped: 0, refused: 0 };
  let batch: Read[] = [];
  const refuse = async (line: number, reason: string): Promise<void> => {
    tally.refused += 1;
    await run.onRefused(line, reason);
  };
  const flush = async (): Promise<void> => {
    const outcomes = await service.run(
      batch.map(({ entry }) => entry),
      run.order,
    );
    if (run.order.onConflict === 'fail') assertNoneTaken(batch, outcomes);
    for (const [place, outcome] of outcomes.entries()) {
      if (outcome.kind === 'refused') await refuse((batch[place] as Read).line, outcome.reason);
      else tally[outcome.kind] += 1;
    }
    batch = [];
    run.onBatch(tally);
  };
  for await (const { line, fields } of rows) {
    tally.rows += 1;
    const read = readRow(fields, run.tenant, run.defaults);
    if ('reason' in read) await refuse(line, read.reason);
    else batch.push({ line, entry: read.entry });
    if (batch.length >= run.batch) await flush();
  }
  if (batch.length > 0) await flush();
  service.finished(run.order, tally.created + tally.updated);
  return tally;
}

/** The batches before stay; this one was undone as a whole. */
function assertNoneTaken(batch: readonly Read[], outcomes: readonly ImportOutcome[]): void {
  const place = outcomes.findIndex((outcome) => outcome.kind === 'refused' && outcome.reason === 'is taken');
  const any = outcomes.some(({ kind }) => kind === 'refused');
  if (!any) return;
  const line = (batch[Math.max(0, place)] as Read).line;
  throw new AuthError('conflict', `Line ${line} is an account that is there already: its batch was not imported`);
}
