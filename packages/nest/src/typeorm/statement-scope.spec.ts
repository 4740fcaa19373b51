import { ScopedTables } from './scoped-tables';
import { StatementScope } from './statement-scope';
import { BelongsToTenant, SharedByTenants } from './belongs-to-tenant';

@BelongsToTenant()
class Note {}

@SharedByTenants()
class Country {}

const column = { propertyPath: 'tenantId', databaseName: 'tenant_id', isNullable: false };
const entity = (target: object, tableName: string, tablePath = tableName) => ({
  target,
  name: tableName,
  tableName,
  tablePath,
  columns: [column],
});
const tables = ScopedTables.mark({
  entityMetadatas: [entity(Note, 'notes'), entity(Country, 'countries'), entity(Country, 'notes', 'archive.notes')],
} as never);
const scope = new StatementScope(tables);
const scoped = (sql: string, parameters?: unknown[]) => scope.scoped(sql, parameters, () => 'a');
const OWN = '(SELECT * FROM "notes" WHERE "tenant_id" = $1)';

describe('a statement for one tenant', () => {
  it.each([
    ['SELECT * FROM "tenant@notes" "n"', `SELECT * FROM ${OWN} "n"`],
    ['SELECT * FROM "s"."tenant@notes" AS n', 'SELECT * FROM (SELECT * FROM "s"."notes" WHERE "tenant_id" = $1) AS n'],
    ['SELECT "tenant@notes"."id" FROM "tenant@notes"', `SELECT "notes"."id" FROM ${OWN} AS "notes"`],
    ['SELECT 1 FROM "a" "a", "tenant@notes" "n"', `SELECT 1 FROM "a" "a", ${OWN} "n"`],
    ['SELECT 1 FROM ("a" JOIN "tenant@notes" "n" ON 1=1)', `SELECT 1 FROM ("a" JOIN ${OWN} "n" ON 1=1)`],
    ['WITH "x" AS (SELECT * FROM "tenant@notes" "n") SELECT 1', `WITH "x" AS (SELECT * FROM ${OWN} "n") SELECT 1`],
    ['DELETE FROM "tenant@notes"', 'DELETE FROM "notes" WHERE "notes"."tenant_id" = $1'],
    [
      'DELETE FROM "tenant@notes" WHERE a OR b -- why RETURNING',
      'DELETE FROM "notes" WHERE "notes"."tenant_id" = $1 AND ( a OR b) -- why RETURNING',
    ],
    [
      'UPDATE "tenant@notes" SET "a" = \'x WHERE y\' WHERE b OR c RETURNING *',
      'UPDATE "notes" SET "a" = \'x WHERE y\' WHERE "notes"."tenant_id" = $1 AND ( b OR c) RETURNING *',
    ],
    ['UPDATE "tenant@notes" "n" SET a = 1', 'UPDATE "notes" "n" SET a = 1 WHERE "n"."tenant_id" = $1'],
    [
      'INSERT INTO "tenant@notes"("id", "tenant_id") VALUES (1, DEFAULT), (2, DEFAULT)',
      'INSERT INTO "notes"("id", "tenant_id") VALUES (1, $1), (2, $1)',
    ],
    ['INSERT INTO "tenant@notes"("id") VALUES (1)', 'INSERT INTO "notes"("id", "tenant_id") VALUES (1, $1)'],
    [
      'INSERT INTO "tenant@notes"("id") VALUES (1) ON CONFLICT ("id") WHERE (x) DO UPDATE SET "id" = EXCLUDED."id" WHERE y OR z',
      'INSERT INTO "notes"("id", "tenant_id") VALUES (1, $1) ON CONFLICT ("id") WHERE (x) DO UPDATE SET "id" = EXCLUDED."id" WHERE "notes"."tenant_id" = $1 AND ( y OR z)',
    ],
    [
      'WITH "x" AS (DELETE FROM "tenant@notes" WHERE a RETURNING *) SELECT * FROM "x"',
      'WITH "x" AS (DELETE FROM "notes" WHERE "notes"."tenant_id" = $1 AND ( a) RETURNING *) SELECT * FROM "x"',
    ],
  ])('%s', (written, sent) => {
    expect(scoped(written)).toEqual([sent, ['a']]);
  });

  it('counts its parameters behind those that are there', () => {
    expect(scoped('SELECT * FROM "tenant@notes" "n" WHERE x = $2 OR y = $1', [1, 2])).toEqual([
      'SELECT * FROM (SELECT * FROM "notes" WHERE "tenant_id" = $3) "n" WHERE x = $2 OR y = $1',
      [1, 2, 'a'],
    ]);
  });

  it.each([
    'SELECT * FROM "countries" "notes"',
    'SELECT * FROM "archive"."notes" "n"',
    'SELECT "n"."notes" FROM "countries" "n" ORDER BY 1, "notes"',
    'INSERT INTO "countries"("id", "notes") VALUES ($1, $2)',
    "SELECT 'FROM notes', $$ FROM notes $$, E'\\' FROM notes', 1 /* FROM /* notes */ FROM notes */ -- FROM notes",
    'UPDATE "countries" SET "id" = 1, "notes" = 2 WHERE "id" IS DISTINCT FROM "x"."notes"',
    'SELECT * FROM "countries" "c" JOIN "d" USING ("notes") FOR UPDATE OF "c"',
    'SELECT 1 FROM "countries" "c" WHERE 1.5 < .5 AND "c"."id" IS NOT DISTINCT FROM notes.id',
  ])('is left as it is where it names no table of tenants: %s', (sql) => {
    expect(scoped(sql, [1, 2])).toEqual([sql, [1, 2]]);
  });
});

describe('a statement that cannot be held to a tenant', () => {
  it.each([
    'SELECT * FROM notes',
    'SELECT * FROM NOTES n',
    'SELECT * FROM ONLY notes',
    'SELECT * FROM "countries" "c", notes',
    'SELECT * FROM "countries" "c" JOIN "b" ON true, "notes"',
    'SELECT * FROM "countries" "c" JOIN LATERAL (SELECT * FROM (notes)) x ON true',
    'SELECT * FROM (("notes" n))',
    'SELECT 1 WHERE 1 IN (TABLE notes)',
    'SELECT 1 UNION ALL SELECT 2 FROM/**/notes',
    'SELECT * FROM other.notes',
    'SELECT * FROM "countries" "c" WHERE EXISTS (SELECT 1 FROM public . notes)',
    'SELECT * INTO notes FROM "countries"',
    'WITH x AS (INSERT INTO notes VALUES (1)) SELECT 1',
    'WITH x AS (UPDATE notes SET a = 1) SELECT 1',
    'WITH x AS (DELETE FROM "countries" USING notes) SELECT 1',
    'WITH x AS (MERGE INTO notes USING y ON true WHEN MATCHED THEN DELETE) SELECT 1',
    'SELECT * FROM U&"n\\006ftes"',
    'SELECT 1 AS distinct FROM notes',
    'SELECT c.is distinct FROM notes c',
    'SELECT 1 AS is\u00a0distinct FROM notes',
    'SELECT 1 AS delete FROM notes',
    'SELECT lower($1) delete FROM "countries", notes',
    'SELECT 1 AS from FROM notes',
    'UPDATE "tenant@notes" AS set SET a = 1 FROM "tenant@notes"',
    'DELETE FROM "tenant@notes" n',
    'SELECT 1 AS from, 2 AS join FROM notes',
    'SELECT * FROM "countries" update JOIN notes ON true',
    'SELECT * FROM "countries" AS set, notes',
    'SELECT * FROM "countries" values, notes',
    'WITH x AS (DELETE FROM "countries" AS update USING (notes n JOIN "c" ON true)) SELECT 1',
    'WITH update AS (SELECT 1) DELETE FROM "countries" USING (notes n JOIN "c" ON true)',
    'SELECT 1; SELECT 2',
    "SELECT 'unclosed",
    'SELECT $x$ unclosed $y$',
    'SELECT 1 /* unclosed /* */',
    'SELECT (1',
    'DELETE FROM "tenant@notes" WHERE a) OR (b',
    'TRUNCATE "tenant@notes"',
    'COPY "tenant@notes" TO STDOUT',
    'SELECT "tenant@notes"',
    'SELECT * FROM "a" WHERE x = "tenant@notes"',
    'SELECT 1 WHERE 1 IN (TABLE "tenant@notes")',
    'INSERT INTO "tenant@notes" DEFAULT VALUES',
    'INSERT INTO "tenant@notes"("id") SELECT 1',
    'INSERT INTO "tenant@notes"("id", "tenant_id") VALUES (1, lower($1))',
    'INSERT INTO "tenant@notes"("id", "tenant_id") VALUES (1, $1), (1)',
    'INSERT INTO "tenant@notes"("id") OVERRIDING SYSTEM VALUE VALUES (1)',
  ])('is refused: %s', (sql) => {
    expect(() => scoped(sql, ['a'])).toThrow(expect.objectContaining({ code: 'unscoped_statement' }) as Error);
  });

  it.each<[string, unknown[]]>([
    ['INSERT INTO "tenant@notes"("id", "tenant_id") VALUES ($1, $2), ($1, $3)', [1, 'a', 'b']],
    ['INSERT INTO "tenant@notes"("tenant_id") VALUES ($1)', [null]],
    ['UPDATE "tenant@notes" SET "tenant_id" = $1', ['b']],
    ['UPDATE "tenant@notes" SET x = 1, tenant_id = \'b\' WHERE true', []],
    ['UPDATE "tenant@notes" SET x = a IS DISTINCT FROM b, TENANT_ID = $1', ['b']],
    ['UPDATE "tenant@notes" SET (x, "tenant_id") = ($1, $1)', ['a']],
    ['UPDATE "tenant@notes" SET "tenant_id" = $1 || $1', ['a']],
    ['INSERT INTO "tenant@notes"("id") VALUES (1) ON CONFLICT (id) DO UPDATE SET tenant_id = $1', ['b']],
  ])('is refused for writing the tenant of somebody else: %s', (sql, parameters) => {
    expect(() => scoped(sql, parameters)).toThrow(expect.objectContaining({ code: 'tenant_crossing' }) as Error);
  });
});
