import type { Token } from './sql-tokens';

/** What a statement does with a table. `other` is nothing that TypeORM writes. */
export type TableRole = 'read' | 'insert' | 'update' | 'delete' | 'other';

/** Where a statement names a table, as numbers of tokens. */
export interface TablePosition {
  readonly role: TableRole;
  readonly first: number;
  /** The last part of its path: the table's own name. */
  readonly last: number;
  /** Behind the last token of the statement, or of the brackets that it stands in. */
  readonly end: number;
}

interface Frame {
  readonly end: number;
  verb: string;
  /** In a list of tables, where a comma is followed by the next one. */
  lists: boolean;
  /** What a table would be here that is named next. */
  next: TableRole | null;
}

/** The number of the token that closes what this one opens. */
export function closings(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const [found, open] = [new Map<number, number>(), [] as number[]];
  tokens.forEach(({ kind }, at) => {
    if (kind === 'open') open.push(at);
    if (kind === 'close') found.set(open.pop()!, at);
  });
  return found;
}

const VERBS = new Set(['select', 'insert', 'update', 'delete', 'merge']);
// Reserved words alone: any other could be an alias in the list.
const ENDS_LIST = new Set(
  'select where group having order returning limit offset union intersect except window for fetch with'.split(' '),
);

/** Every place in which the grammar has a table, whatever is named there. Too many rather than too few. */
export function tablePositions(tokens: readonly Token[]): TablePosition[] {
  const close = closings(tokens);
  const frames: Frame[] = [{ end: tokens.length, verb: '', lists: false, next: null }];
  const found: TablePosition[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const { kind, value } = tokens[at]!;
    const frame = frames[frames.length - 1]!;
    if (kind === 'open') {
      frames.push({
        end: close.get(at)!,
        verb: '',
        lists: frame.next === 'read',
        next: frame.next === 'read' ? 'read' : null,
      });
      frame.next = null;
    } else if (kind === 'close') frames.pop();
    else if (kind === 'comma') frame.next = frame.lists ? 'read' : null;
    else if (kind === 'name' || kind === 'word') {
      const last = endOfPath(tokens, at);
      if (frame.next !== null) found.push({ role: frame.next, first: at, last, end: frame.end });
      // A keyword may be the table's name, or what was announced was none and it is a keyword after all: it is taken as both.
      if (kind === 'word' && last === at) follow(frame, value, tokens, at);
      else frame.next = null;
      at = last;
    } else frame.next = null;
  }
  return found;
}

function endOfPath(tokens: readonly Token[], first: number): number {
  let last = first;
  while (tokens[last + 1]?.kind === 'dot' && /name|word/.test(tokens[last + 2]?.kind ?? '')) last += 2;
  return last;
}

function follow(frame: Frame, word: string, tokens: readonly Token[], at: number): void {
  if (word === 'only' || word === 'lateral') return;
  frame.next = announced(frame, word, tokens, at);
  if (frame.next === 'read' || frame.next === 'delete') frame.lists = true;
  if (ENDS_LIST.has(word)) frame.lists = false;
  // SELECT alone is reserved: behind it the others are labels.
  if (VERBS.has(word) && frame.verb !== 'select') frame.verb = word;
}

/**
 * What this keyword says of the table that is named next. `AS` makes labels of keywords, and of those that are not reserved
 * aliases are made: what a keyword means must not hang on such a word.
 */
function announced(frame: Frame, word: string, tokens: readonly Token[], at: number): TableRole | null {
  const before = wordAt(tokens, at - 1);
  switch (word) {
    case 'from':
      if (before === 'distinct' && isComparison(tokens, at - 2)) return null;
      return frame.verb === 'delete' && before === 'delete' && startsStatement(tokens, at - 1) ? 'delete' : 'read';
    case 'join':
      return 'read';
    case 'using':
      // Columns in a join, tables in DELETE and MERGE.
      return frame.verb === 'select' && tokens[at + 1]?.kind === 'open' ? null : 'read';
    case 'into':
      return frame.verb === 'insert' ? 'insert' : 'other';
    case 'update':
      // FOR UPDATE, FOR NO KEY UPDATE, DO UPDATE.
      return ['for', 'key', 'do'].includes(before) ? null : 'update';
    case 'table':
      return 'other';
    default:
      return null;
  }
}

function wordAt(tokens: readonly Token[], at: number): string {
  return tokens[at]?.kind === 'word' ? tokens[at].value : '';
}

/** IS [NOT] DISTINCT FROM, up to NOT. */
function isComparison(tokens: readonly Token[], at: number): boolean {
  const is = wordAt(tokens, at) === 'not' ? at - 1 : at;
  return wordAt(tokens, is) === 'is' && tokens[is - 1]?.kind !== 'dot';
}

/** Nothing before it, or the brackets of WITH. */
function startsStatement(tokens: readonly Token[], at: number): boolean {
  return at === 0 || ['open', 'close'].includes(tokens[at - 1]!.kind);
}
