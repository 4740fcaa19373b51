import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isMap, isPair, parseDocument, visit } from 'yaml';
import { renderJsonSchema, configJsonSchema } from './schema-export';
import { knownPaths } from './schema-walk';

const FOLDER = resolve(__dirname, '../../config');
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

interface Node {
  description?: string;
  additionalProperties?: boolean;
  properties?: Record<string, Node>;
  anyOf?: object[];
}

const schema = configJsonSchema() as Node;
const at = (path: readonly string[]) => path.reduce<Node>((node, key) => node.properties![key]!, schema);

it('is committed in its current form (if not: latchkey config schema > config/schema.json)', () => {
  expect(read('schema.json') === renderJsonSchema()).toBe(true);
});

it('describes every key', () => {
  for (const path of knownPaths()) expect([path, at(path).description]).toEqual([path, expect.any(String)]);
});

it('closes every block', () => {
  const blocks = knownPaths().flatMap((path) => path.map((_, length) => at(path.slice(0, length))));
  expect(blocks.every((block) => block.additionalProperties === false)).toBe(true);
});

it.each(['server.port', 'server.allow_http', 'server.cors.origins', 'auth.mode', 'auth.session.ttl'])(
  'lets an editor accept a variable for %s',
  (key) => expect(at(key.split('.')).anyOf).toContainEqual({ $ref: '#/definitions/variable' }),
);

it.each(['default', 'development', 'production', 'microservices', 'test'])(
  'is named in the first line of %s.yaml',
  (name) => {
    expect(read(`${name}.yaml`).split('\n')[0]).toBe('# yaml-language-server: $schema=./schema.json');
  },
);

it('lists every key that default.yaml holds, and default.yaml every key', () => {
  const written: string[] = [];
  visit(parseDocument(read('default.yaml')), {
    Pair(_, pair, ancestors) {
      if (isMap(pair.value) && pair.value.items.length > 0) return;
      written.push(
        [...ancestors, pair]
          .filter(isPair)
          .map(({ key }) => String(key))
          .join('.'),
      );
    },
  });
  const others = ['auth.lockout.max_attempts', 'auth.lockout.duration'];
  const known = knownPaths().map((path) => path.join('.'));
  expect(written.sort()).toEqual(known.filter((key) => !others.includes(key)).sort());
});
