import { decodeBase62, encodeBase62 } from '../../src/common/base62';
import { formatOpaqueToken, parseOpaqueToken, type OpaqueTokenUse } from '../../src/strategy/opaque-token';
import { withClient } from './test-database';

const SHORTEST_SPELLING = 6;

/** Looks for secrets in texts, in every spelling that a log or a database might give them. */
export class SecretHunt {
  private readonly names = new Map<string, string>();

  /** Text is also looked for escaped, bytes as text of every usual encoding. */
  add(name: string, secret: string | Buffer): void {
    for (const spelling of typeof secret === 'string' ? spellingsOfText(secret) : spellingsOfBytes(secret)) {
      if (spelling.length >= SHORTEST_SPELLING) this.names.set(spelling, name);
    }
  }

  /** The token, and the part of it that makes it work: an opaque token's 32 bytes, a JWT's signature. */
  addToken(name: string, token: string): void {
    this.add(name, token);
    const opaque = parseOpaqueToken('access', token) ?? parseOpaqueToken('refresh', token);
    if (opaque) this.add(`secret of ${name}`, opaque.secret);
    const client = token.startsWith('lk_cs_') ? decodeBase62(token.slice(6), 36) : null;
    if (client) this.add(`secret of ${name}`, client.subarray(0, 32));
    const signature = token.split('.')[2];
    if (signature !== undefined) this.add(`signature of ${name}`, Buffer.from(signature, 'base64url'));
  }

  /** How many spellings are looked for. */
  get size(): number {
    return this.names.size;
  }

  /** Names of the secrets that occur in the text, and around what. */
  findIn(text: string): string[] {
    const found = new Set<string>();
    for (const [spelling, name] of this.names) {
      const place = text.indexOf(spelling);
      if (place >= 0) found.add(`${name} in …${text.slice(Math.max(0, place - 60), place)}`);
    }
    return [...found];
  }
}

function spellingsOfText(text: string): string[] {
  const escaped = JSON.stringify(text).slice(1, -1);
  const twiceEscaped = JSON.stringify(escaped).slice(1, -1);
  return [text, escaped, twiceEscaped, encodeURIComponent(text), ...spellingsOfBytes(Buffer.from(text))];
}

function spellingsOfBytes(bytes: Buffer): string[] {
  const hex = bytes.toString('hex');
  return [hex, hex.toUpperCase(), encodeBase62(bytes), bytes.join(','), bytes.join(', '), ...base64Of(bytes)];
}

/** In base64 what stands before shifts the letters: all three shifts, without the letters that neighbours share. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
    return (['base64', 'base64url'] as const).map((encoding) =>
      shifted
        .toString(encoding)
        .replaceAll('=', '')
        .slice(before === 0 ? 0 : before + 1, Math.floor((shifted.length * 8) / 6)),
    );
  });
}

/** Everything in a database: each value of each row of each table, as `COPY` would write it. */
export interface DatabaseDump {
  readonly text: string;
  readonly strings: ReadonlySet<string>;
  readonly bytes: readonly Buffer[];
  readonly tables: readonly string[];
}

const TABLES = `
  SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
   WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`;
const AS_TEXT = { getTypeParser: () => (value: string) => value } as never;

export function dumpOf(url: string): Promise<DatabaseDump> {
  return withClient(url, async (client) => {
    const strings = new Set<string>();
    const bytes: Buffer[] = [];
    const tables = (await client.query<{ name: string }>(TABLES)).rows.map(({ name }) => name);
    for (const table of tables) {
      const { rows } = await client.query<Record<string, string | null>>({
        text: `SELECT * FROM ${table}`,
        types: AS_TEXT,
      });
      for (const value of rows.flatMap((row) => Object.values(row))) {
        if (value?.startsWith('\\x')) bytes.push(Buffer.from(value.slice(2), 'hex'));
        else if (value !== null) partsOf(value).forEach((part) => strings.add(part));
      }
    }
    const text = [...strings, ...bytes.flatMap(readings)].join('\n');
    return { text, strings, bytes, tables };
  });
}

/** Every string in the lines of a log: whole, by value, by word. */
export function stringsOf(lines: readonly string[]): Set<string> {
  const strings = new Set<string>(lines);
  const collect = (value: unknown): void => {
    if (typeof value === 'string') partsOf(value).forEach((part) => strings.add(part));
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  for (const line of lines) collect(JSON.parse(line));
  return strings;
}

/** What somebody who holds these strings and bytes could try as a token. */
export function replayable(
  found: { readonly strings: Iterable<string>; readonly bytes: readonly Buffer[] },
  sessionIds: readonly string[],
): Record<OpaqueTokenUse, Set<string>> {
  const strings = new Set(found.strings);
  const bytes = [...found.bytes, ...[...strings].flatMap(bytesIn)];
  for (const value of bytes) readings(value).forEach((text) => strings.add(text));
  const tokens = (use: OpaqueTokenUse): Set<string> => {
    const secrets = bytes.filter(({ length }) => length === 32);
    const made = secrets.flatMap((secret) =>
      sessionIds.map((sessionId) => formatOpaqueToken(use, { sessionId, secret })),
    );
    return new Set([...strings, ...made].filter((text) => text !== ''));
  };
  return { access: tokens('access'), refresh: tokens('refresh') };
}

function partsOf(text: string): string[] {
  return [text, ...text.split(/[\s"'{}()[\]=,;]+/)].filter((part) => part !== '');
}

/** Bytes as text. */
function readings(bytes: Buffer): string[] {
  if (bytes.length === 0) return [];
  return [
    ...(['hex', 'base64', 'base64url', 'utf8', 'latin1'] as const).map((encoding) => bytes.toString(encoding)),
    encodeBase62(bytes),
  ];
}

/** Text as bytes, where it could be 32 of them. */
function bytesIn(text: string): Buffer[] {
  if (/^[0-9a-f]{64}$/i.test(text)) return [Buffer.from(text, 'hex')];
  if (/^[\w+/-]{43}=?$/.test(text)) return [Buffer.from(text, 'base64')];
  return [];
}
