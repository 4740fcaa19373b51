import type { z } from 'zod';
import type { ConfigProblem } from './config-error';
import type { Layer, Path } from './layer';
import { keysOf, knownPaths } from './schema-walk';
import { closest } from './suggestion';

const WRONG_TYPE: Record<string, string> = {
  string: 'must be text: put it in quotes',
  boolean: 'must be true or false',
  array: 'must be a list such as [a, b]',
  object: 'must be a block of keys',
};

/** Messages for whatever a key's own schema has no words for; values are never quoted. */
export const explainIssue: z.core.$ZodErrorMap = (issue) => {
  if (issue.input === null) return 'is empty: give it a value or remove the key';
  if (issue.code === 'invalid_type') return WRONG_TYPE[issue.expected] ?? `must be a ${issue.expected}`;
  if (issue.code === 'invalid_value') return explainChoice(issue.values.map(String), issue.input);
  if (issue.code === 'invalid_key') return issue.issues[0]?.message;
  if (issue.code === 'too_small' && issue.origin === 'string') return 'must not be empty';
  return undefined;
};

/** The paths that a schema issue complains about, each with what is wrong there. */
export function findingsOf(issue: z.core.$ZodIssue): { path: Path; message: string; unknownKey: boolean }[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message, unknownKey: false }];
  return issue.keys.map((key) => ({ path: [...path, key], message: explainUnknownKey(path, key), unknownKey: true }));
}

/** Gives a finding its place. */
export function problemAt(layer: Layer, path: Path, message: string, unknownKey = false): ConfigProblem {
  return { ...(unknownKey ? layer.locateKey(path) : layer.locate(path)), key: path.join('.'), message };
}

function explainChoice(words: string[], input: unknown): string {
  const guess = typeof input === 'string' && closest(input, words);
  return `must be ${words.length === 1 ? words[0] : `one of ${words.join(', ')}`}${guess ? `; did you mean ${guess}?` : ''}`;
}

function explainUnknownKey(block: Path, key: string): string {
  const sibling = closest(key, keysOf(block));
  const elsewhere = knownPaths().find((path) => path.some((part, index) => part === key && index >= block.length));
  const guess = sibling ?? elsewhere?.slice(0, elsewhere.indexOf(key) + 1).join('.');
  return `is not a known key${guess ? `; did you mean ${guess}?` : ': remove it'}`;
}
