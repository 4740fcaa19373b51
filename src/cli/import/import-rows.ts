import type { Readable } from 'node:stream';
import { UsageError } from '../failure';
import { numberedLines } from './import-lines';
import { IMPORT_FIELDS } from './import-user';

export type ImportFormat = 'jsonl' | 'csv';

/** One account as the file has it: its line, and its fields, or null when the line cannot be read. */
export interface ImportRow {
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>> | null;
}

const LONGEST_RECORD = 262_144;

/** The rows of a file as they come in; no more than a few are in memory. */
export function importRows(input: Readable, format: ImportFormat): AsyncIterable<ImportRow> {
  return format === 'csv' ? csvRows(input) : jsonRows(input);
}

async function* jsonRows(input: Readable): AsyncGenerator<ImportRow> {
  for await (const { line, text } of numberedLines(input)) {
    if (text.trim() !== '') yield { line, fields: objectIn(text) };
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

interface CsvRecord {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

async function* csvRows(input: Readable): AsyncGenerator<ImportRow> {
  // Only imports need it.
  const { parse, CsvError } = await import('csv-parse');
  const parser = parse({ bom: true, info: true, relax_column_count: true, max_record_size: LONGEST_RECORD });
  input.on('error', (error) => parser.destroy(error));
  let columns: readonly string[] | null = null;
  try {
    for await (const { record, info } of input.pipe(parser) as AsyncIterable<CsvRecord>) {
      if (columns === null) columns = columnsOf(record);
      else yield { line: info.lines, fields: fieldsOf(columns, record) };
    }
  } catch (error) {
    // The library repeats what it read.
    if (error instanceof CsvError) throw new UsageError(`The file is no CSV from line ${error['lines'] as number} on`);
    throw error;
  }
}

/** A first line that is data must not be repeated. */
function columnsOf(record: readonly string[]): readonly string[] {
  const columns = record.map((name) => name.trim());
  const unknown = columns.findIndex((name) => !IMPORT_FIELDS.has(name));
  if (unknown >= 0)
    throw new UsageError(`The first line must name the columns: column ${unknown + 1} is no known field`);
  if (new Set(columns).size < columns.length) throw new UsageError('The first line names a column twice');
  return columns;
}

/** Empty is not given. */
function fieldsOf(columns: readonly string[], record: readonly string[]): Record<string, unknown> | null {
  if (record.length !== columns.length) return null;
  return Object.fromEntries(columns.map((name, place) => [name, record[place]]).filter(([, value]) => value !== ''));
}
