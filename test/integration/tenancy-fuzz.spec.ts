import * as fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { ScopedTables } from '../../packages/nest/src/typeorm/scoped-tables';
import { StatementScope, type Statement } from '../../packages/nest/src/typeorm/statement-scope';
import { Book, Genre, TenantLibrary } from '../support/tenant-library';
import { proofSize } from '../support/proof-size';

const RUNS = proofSize({ reduced: 3_000, full: 25_000 });

/** Words that mean something elsewhere: as labels and as aliases they must hide nothing. */
const LABELS = fc.constantFrom(
  ...[
    'a',
    'distinct',
    'is',
    'not',
    'from',
    'join',
    'into',
    'using',
    'table',
    'only',
    'where',
    'select',
    'delete',
    '"from"',
  ],
);
const ALIASES = fc.constantFrom(
  ...[
    'set',
    'values',
    'update',
    'delete',
    'insert',
    'merge',
    'key',
    'temp',
    '"from"',
    '"books"',
    'a',
    'b',
    'c',
    'd',
    'e',
    'f',
    'g',
  ],
);
const GAPS = fc.constantFrom(' ', ' ', ' ', '\n', '/* from genres */', '--\n', '\t');
const BY_TYPEORM = fc.constantFrom('"tenant@books"', '"tenant@books"', '"public"."tenant@books"', 'genres');
const BY_HAND = fc.constantFrom(
  'books',
  'genres',
  '"books"',
  'BOOKS',
  'public.books',
  'public . "books"',
  'ONLY books',
  'genres',
);
const TEXTS = fc.constantFrom(
  ...[
    "'FROM books'",
    '$$ FROM books $$',
    "e'\\' FROM books'",
    'trim(both FROM now()::text)',
    '(1 IS DISTINCT FROM 2)::text',
  ],
);

type Part = fc.Arbitrary<string> | string;

const spaced = (...parts: Part[]): fc.Arbitrary<string> =>
  fc
    .tuple(GAPS, ...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map(([between, ...texts]) => texts.filter(Boolean).join(between));
const maybe = (part: fc.Arbitrary<string>) => fc.oneof(fc.constant(''), part);
const list = (part: fc.Arbitrary<string>) =>
  fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(', '));
const either = (...parts: fc.Arbitrary<string>[]) => fc.oneof({ maxDepth: 3 }, ...parts);
const called = (part: Part) => fc.oneof(spaced(part, ALIASES), spaced(part, 'AS', ALIASES));
const labelled = (part: Part) => fc.oneof(spaced(part, LABELS), spaced(part, 'AS', LABELS));

/** Statements in the grammar of PostgreSQL. Queries have one column of text, so that most of them are valid. */
function statements(tables: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const { statement } = fc.letrec<Record<string, string>>((tie) => {
    const value = either(TEXTS, spaced('(', tie('query'), 'LIMIT 1 )'), spaced('(exists (', tie('rows'), '))::text'));
    const where = maybe(spaced('WHERE', value, 'IS NOT NULL'));
    const item = either(
      tables,
      called(tables),
      called(spaced('(', tie('rows'), ')')),
      spaced('LATERAL', called(spaced('(', tie('rows'), ')'))),
      spaced(tie('item'), 'CROSS JOIN', tie('item')),
      spaced(tie('item'), 'JOIN', tie('item'), 'ON', value, 'IS NULL'),
      spaced('(', tie('item'), 'CROSS JOIN', tie('item'), ')'),
      called('generate_series(1, 2)'),
    );
    const query = either(
      spaced('SELECT', labelled(value)),
      spaced('SELECT', labelled(value), 'FROM', list(tie('item')), where),
      spaced('SELECT', labelled("'x'"), 'FROM', list(tie('item')), where),
      spaced(spaced('SELECT', value, 'FROM', list(tie('item'))), 'UNION ALL', tie('query')),
    );
    const rows = either(tie('query'), spaced('TABLE', tables), spaced('VALUES (', value, '), (', value, ')'));
    const change = either(
      spaced('DELETE FROM', called('genres'), 'USING', list(tie('item')), where),
      spaced('DELETE FROM', fc.oneof(tables, called(tables)), where),
      spaced('UPDATE', called(tables), 'SET id = DEFAULT FROM', list(tie('item')), where),
      spaced('UPDATE genres SET name =', value, where),
      spaced('INSERT INTO genres (name)', tie('query')),
      spaced('INSERT INTO', tables, '(id) SELECT NULL FROM', list(tie('item'))),
    );
    const common = spaced('WITH', ALIASES, 'AS (', fc.oneof(tie('rows'), change), ')', fc.oneof(tie('query'), change));
    return { item, query, rows, statement: fc.oneof(tie('query'), change, common) };
  });
  return statement!;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Scans of the table of tenants that are not held to this one. */
function openScans({ Plans = [], ...node }: PlanNode, tenant: string): object[] {
  const scans = node['Relation Name'] === 'books' && node['Node Type'] !== 'ModifyTable';
  const isOpen = scans && !JSON.stringify(node).includes(`tenant_id = '${tenant}'`);
  return [...(isOpen ? [node] : []), ...Plans.flatMap((plan) => openScans(plan, tenant))];
}

describe('SQL that nobody thought of', () => {
  const column = { propertyPath: 'tenantId', databaseName: 'tenant_id' };
  const entity = (target: object, name: string) => ({ target, tableName: name, tablePath: name, columns: [column] });
  const scope = new StatementScope(
    ScopedTables.mark({ entityMetadatas: [entity(Book, 'books'), entity(Genre, 'genres')] } as never),
  );
  const tenant = randomUUID();
  let library: TenantLibrary;

  beforeAll(async () => {
    library = await TenantLibrary.create();
  });
  afterAll(() => library.close());

  /** The statement for the tenant; null where it is refused. */
  function scoped(sql: string): Statement | null {
    try {
      return scope.scoped(sql, [], () => tenant);
    } catch {
      return null;
    }
  }

  it('is refused wherever PostgreSQL would read or write a table of tenants', async () => {
    const seen = { touched: 0, passed: 0 };
    const property = fc.asyncProperty(statements(BY_HAND), async (sql) => {
      const plan = await library.asOwner(`EXPLAIN (COSTS off) ${sql}`).then(JSON.stringify, () => null);
      if (plan === null) return;
      const touches = /on (public\.)?books/.test(plan);
      const passes = scoped(sql) !== null;
      seen.touched += Number(touches);
      seen.passed += Number(passes);
      if (touches && passes) throw new Error(`It passes, and reads books: ${plan}`);
    });
    await fc.assert(property, { numRuns: RUNS });
    expect(seen.touched).toBeGreaterThan(RUNS / 10);
    expect(seen.passed).toBeGreaterThan(RUNS / 20);
  }, 300_000);

  it('is held to the tenant in each scan, where TypeORM wrote the tables', async () => {
    let scanned = 0;
    const property = fc.asyncProperty(statements(BY_TYPEORM), async (sql) => {
      const [text, parameters] = scoped(sql) ?? [];
      if (text === undefined) return;
      const explained = library.asOwner(`EXPLAIN (FORMAT JSON, COSTS off) ${text}`, parameters);
      const plan = await explained.then(
        ([row]) => (row!['QUERY PLAN'] as { Plan: PlanNode }[])[0]!.Plan,
        () => null,
      );
      if (plan === null) return;
      scanned += Number(JSON.stringify(plan).includes('"books"'));
      const open = openScans(plan, tenant);
      if (open.length > 0) throw new Error(`${text} reads books of everybody: ${JSON.stringify(open)}`);
    });
    // Of these, fewer than one in ten is a valid statement that reads the table.
    await fc.assert(property, { numRuns: RUNS * 2 });
    expect(scanned).toBeGreaterThan(RUNS / 20);
  }, 300_000);
});
