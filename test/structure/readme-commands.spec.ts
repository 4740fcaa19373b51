import { spawnSync } from 'node:child_process';
import { readSource, readTree } from './source-tree';

/** A node of the committed JSON Schema, as far as it is walked here. */
interface SchemaNode {
  readonly properties?: Record<string, SchemaNode>;
}

const PAGES = [readSource('README.md'), ...readTree('docs', /\.md$/), readSource('packages/nest/README.md')];
const KEY_ROW =
  /^\| `((?:server|database|redis|data_dir|log|metrics|audit|mail|auth|federation)(?:\.[a-z0-9_]+)*)` \| (?!Default)/gm;

function blocks(text: string, language: string): string[] {
  const fence = new RegExp(`^ *\`\`\`${language}\\b.*\\n([^]*?)^ *\`\`\` *$`, 'gm');
  return [...text.matchAll(fence)].map((match) => match[1] ?? '');
}

function syntaxError(script: string): string {
  return spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr;
}

function keysOf({ properties }: SchemaNode, path: readonly string[] = []): string[] {
  if (!properties) return [path.join('.')];
  return Object.entries(properties).flatMap(([name, node]) => keysOf(node, [...path, name]));
}

describe('the commands in the documentation', () => {
  const commands = PAGES.flatMap(({ path, text }) => blocks(text, 'bash').map((script) => ({ path, script })));

  it('are many', () => {
    expect(commands.length).toBeGreaterThan(20);
  });

  it.each(commands)('are shell that can be read: $path, $script', ({ script }) => {
    expect(syntaxError(script)).toBe('');
  });

  it('would be found out', () => {
    expect(syntaxError('if true; then echo')).not.toBe('');
    expect(blocks('```bash runnable\na\n```\n\n   ```bash\n   b\n   ```\n```ts\nc\n```\n', 'bash')).toEqual([
      'a\n',
      '   b\n',
    ]);
  });
});

describe('the table of configuration keys', () => {
  const schema = JSON.parse(readSource('config/schema.json').text) as SchemaNode;
  const documented = [...readSource('docs/guide/configuration.md').text.matchAll(KEY_ROW)].map((match) => match[1]);

  it('names every key of the schema, and no other', () => {
    expect(documented.sort()).toEqual(keysOf(schema).sort());
  });
});

describe('the events that the documentation names', () => {
  it('are those of the event log', () => {
    const source = readSource('src/common/event-log.ts').text;
    const events = [...source.matchAll(/^ {2}\| '(\w+)'/gm)].map((match) => match[1]);
    const production = readSource('docs/guide/production.md').text;
    expect(events.length).toBeGreaterThan(10);
    expect(events.filter((event) => !production.includes(`\`${event}\``))).toEqual([]);
  });
});
