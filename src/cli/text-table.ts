// Names and user agents come from strangers: a control character in them could rewrite the operator's screen.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Surrogate}\u2028\u2029]/gu;

export type Cell = string | number | boolean | Date | null | undefined | readonly string[];

/** Columns for a person to read; nothing in them can command the terminal. */
export function textTable(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines.map((line) => inColumns(line, widths)).join('\n');
}

/** Names and values, one pair a line. */
export function textFacts(facts: Readonly<Record<string, Cell>>): string {
  const names = Object.keys(facts).filter((name) => facts[name] !== undefined);
  const width = Math.max(0, ...names.map((name) => name.length));
  return names.map((name) => `${printable(name).padEnd(width)}  ${printable(facts[name])}`).join('\n');
}

export function printable(cell: Cell): string {
  if (cell === null || cell === undefined) return '-';
  if (cell instanceof Date) return cell.toISOString();
  const text = typeof cell === 'object' ? cell.join(', ') || '-' : String(cell);
  return text.replace(UNPRINTABLE, '\ufffd');
}

function inColumns(line: readonly string[], widths: readonly number[]): string {
  return line
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd();
}
