import { TenancyError } from '../tenancy/tenancy-error';

/** `name` is a quoted identifier, `word` a bare one or a keyword. */
export type TokenKind = 'name' | 'word' | 'parameter' | 'open' | 'close' | 'comma' | 'dot' | 'other';

export interface Token {
  readonly kind: TokenKind;
  /** What an identifier stands for: quoted as it is, bare in small letters. Else the text. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

// PostgreSQL 18, "Lexical Structure", the frequent ones first. What is no ASCII is part of a word, a no-break space too.
const PATTERNS = {
  word: String.raw`(?![eEbBxXnN]'|[uU]&["'])[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*`,
  blank: String.raw`[ \t\n\r\f\v]+|--[^\n\r]*`,
  name: String.raw`"(?:[^"]|"")+"`,
  comma: ',',
  parameter: String.raw`\$\d+`,
  dot: String.raw`\.(?!\d)`,
  open: String.raw`[([]`,
  close: String.raw`[)\]]`,
  text: String.raw`[eE]'(?:[^'\\]|''|\\[^])*'|[bBxXnN]?'(?:[^']|'')*'`,
  number: String.raw`\.?\d[\w.]*`,
  comment: String.raw`/\*`,
  unicode: String.raw`[uU]&["']`,
  dollar: String.raw`\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$`,
  other: `[^"';]`,
};
const KINDS = Object.keys(PATTERNS) as (keyof typeof PATTERNS)[];
const TOKEN = new RegExp(`(${Object.values(PATTERNS).join(')|(')})`, 'y');

/**
 * The tokens of one statement, without comments and blanks.
 * @throws TenancyError `unscoped_statement` for what cannot be read with certainty.
 */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  const opened: string[] = [];
  for (let at = 0; at < sql.length;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(sql);
    if (!match) throw unreadable(sql[at] === ';' ? 'more than one statement' : 'an unclosed quote');
    const [text] = match;
    const kind = KINDS[match.indexOf(text, 1) - 1]!;
    const end = endOf(sql, { kind, at, after: TOKEN.lastIndex });
    if (kind === 'open') opened.push(text === '(' ? ')' : ']');
    if (kind === 'close' && opened.pop() !== text) throw unreadable('brackets that do not match');
    if (kind !== 'blank' && kind !== 'comment') tokens.push(tokenOf(kind, text, at, end));
    at = end;
  }
  if (opened.length > 0) throw unreadable('brackets that do not match');
  return tokens;
}

function tokenOf(kind: keyof typeof PATTERNS, text: string, start: number, end: number): Token {
  switch (kind) {
    case 'name':
      return { kind, value: text.slice(1, -1).replaceAll('""', '"'), start, end };
    case 'word':
      return { kind, value: text.toLowerCase(), start, end };
    case 'parameter':
    case 'open':
    case 'close':
    case 'comma':
    case 'dot':
      return { kind, value: text, start, end };
    default:
      return { kind: 'other', value: text, start, end };
  }
}

/** Comments nest and dollar quotes end with their own tag: neither is regular. */
function endOf(sql: string, { kind, at, after }: { kind: string; at: number; after: number }): number {
  if (kind === 'unicode') throw unreadable('an identifier or text in Unicode escapes');
  if (kind === 'comment') return endOfComment(sql, after);
  if (kind !== 'dollar') return after;
  const tag = sql.slice(at, after);
  const close = sql.indexOf(tag, after);
  if (close < 0) throw unreadable('an unclosed quote');
  return close + tag.length;
}

function endOfComment(sql: string, from: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = from;
  for (let depth = 1; depth > 0;) {
    const match = edge.exec(sql);
    if (!match) throw unreadable('an unclosed comment');
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return from;
}

function unreadable(what: string): TenancyError {
  return new TenancyError('unscoped_statement', `a statement with ${what} cannot be scoped to a tenant`);
}
