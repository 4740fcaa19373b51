const DEEPEST = 32;
const STRING_OR_KEY = /"(?:[^"\\]|\\.)*"(\s*:)?/gs;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Names by which an object reaches its prototype; the framework would drop them without a word. */
export const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'prototype'];

/** Why a body was refused; says nothing of its content. */
export class StrictJsonError extends Error {}

/**
 * JSON as RFC 8259 asks of those who write it: UTF-8, no name twice in an object, nothing named `__proto__`,
 * `constructor` or `prototype`, at most 32 levels deep. Parsers disagree about everything else, and a disagreement is a way in.
 */
export function parseStrictJson(bytes: Buffer): unknown {
  const text = decode(bytes);
  const value = parse(text);
  const names = countNames(value);
  if (names !== countNamesWritten(text)) throw new StrictJsonError('The JSON names a property twice');
  return value;
}

function decode(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new StrictJsonError('The body is not UTF-8');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new StrictJsonError('The body is not JSON');
  }
}

/** Names in the parsed value, every level. */
function countNames(root: unknown): number {
  let names = 0;
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) throw new StrictJsonError('The JSON is nested too deep');
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (!Array.isArray(value)) names += namesOf(value);
      for (const member of Object.values(value)) next.push(member);
    }
    level = next;
  }
  return names;
}

function namesOf(value: object): number {
  const names = Object.keys(value);
  if (PROTOTYPE_NAMES.some((name) => names.includes(name)))
    throw new StrictJsonError('The JSON names a property that is not allowed');
  return names.length;
}

/** Names in the text. Valid JSON has quotes around strings only, and a colon after names only. */
function countNamesWritten(text: string): number {
  let names = 0;
  for (const match of text.matchAll(STRING_OR_KEY)) if (match[1] !== undefined) names += 1;
  return names;
}
