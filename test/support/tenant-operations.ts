import { TenancyError } from '@latchkey/nest';
import type { TenantDataSource } from '@latchkey/nest/typeorm';
import { randomUUID } from 'node:crypto';
import { Query } from 'pg';
import { In, Like, MoreThan, Raw, type Repository, type SelectQueryBuilder } from 'typeorm';
import { Book, Section, Shelf, type Holding, type TenantLibrary } from './tenant-library';

/** What an operation has at hand: everything of its own tenant, and ids of another one. */
export interface Scene {
  readonly source: TenantDataSource;
  readonly books: Repository<Book>;
  readonly shelves: Repository<Shelf>;
  readonly mine: Holding;
  readonly theirs: Holding;
}

type Operation = (scene: Scene) => Promise<unknown>;

const titles = (found: readonly { title: string }[]): string[] => found.map(({ title }) => title).sort();
const names = (found: readonly { name: string }[]): string[] => found.map(({ name }) => name).sort();
const all = ({ books }: Scene): SelectQueryBuilder<Book> => books.createQueryBuilder('b');
const ALL = ['mine one', 'mine stray', 'mine two'];
const REFUSED = 'unscoped_statement';
const CROSSING = 'tenant_crossing';

/** Reads, and what they must answer. */
const READS: Readonly<Record<string, [Operation, unknown]>> = {
  find: [async ({ books }) => titles(await books.find()), ALL],
  'find by conditions that hold for all': [
    async ({ books }) => titles(await books.find({ where: [{ title: Like('%') }, { pages: MoreThan(0) }] })),
    ALL,
  ],
  'findOne by id': [({ books, theirs }) => books.findOne({ where: { id: theirs.one } }), null],
  'findBy tenant': [({ books, theirs }) => books.findBy({ tenantId: theirs.tenant }), []],
  'findBy several ids': [
    async ({ books, mine, theirs }) => titles(await books.findBy({ id: In([mine.one, theirs.one]) })),
    ['mine one'],
  ],
  findAndCount: [async ({ books }) => (await books.findAndCount({ take: 1 }))[1], 3],
  count: [({ books }) => books.count(), 3],
  countBy: [({ books, theirs }) => books.countBy({ tenantId: theirs.tenant }), 0],
  exists: [({ books, theirs }) => books.exists({ where: { id: theirs.one } }), false],
  sum: [({ books }) => books.sum('pages'), 60],
  average: [({ books }) => books.average('pages'), 20],
  maximum: [({ books }) => books.maximum('pages'), 30],
  'an eager relation': [async ({ books, mine }) => (await books.findOneByOrFail({ id: mine.stray })).shelf, null],
  'a lazy relation': [async ({ books, mine }) => (await books.findOneByOrFail({ id: mine.stray })).sequel, null],
  'a relation to many': [
    async ({ shelves }) => (await shelves.find({ relations: { books: true } })).map(({ books }) => titles(books)),
    [['mine one', 'mine two']],
  ],
  'relations by queries of their own': [
    async ({ shelves }) =>
      (await shelves.find({ relations: { books: true }, relationLoadStrategy: 'query' })).map(({ books }) =>
        titles(books),
      ),
    [['mine one', 'mine two']],
  ],
  'a condition on a relation': [({ books }) => books.countBy({ shelf: { name: Like('theirs%') } }), 0],
  leftJoinAndSelect: [
    async (scene) =>
      (await all(scene).leftJoinAndSelect('b.shelf', 's').orderBy('b.pages').getMany()).map((b) => b.shelf?.name),
    ['mine shelf', 'mine shelf', null],
  ],
  'innerJoin by hand': [
    async ({ shelves }) => shelves.createQueryBuilder('s').innerJoin(Book, 'b', '1 = 1').getCount(),
    1,
  ],
  'a condition that closes brackets': [
    async (scene) => titles(await all(scene).where('1 = 1) OR (1 = 1').getMany()),
    ALL,
  ],
  'a condition with OR': [
    async (scene) => titles(await all(scene).where('b.tenantId <> :t', { t: randomUUID() }).orWhere('1 = 1').getMany()),
    ALL,
  ],
  'pages of joins': [
    async (scene) =>
      titles(await all(scene).leftJoinAndSelect('b.shelf', 's').skip(0).take(9).orderBy('b.title').getMany()),
    ALL,
  ],
  'a subquery': [
    (scene) =>
      all(scene)
        .where((qb) => `b.id IN ${qb.subQuery().select('x.id').from(Book, 'x').getQuery()}`)
        .getCount(),
    3,
  ],
  'a subquery as table': [
    ({ source }) =>
      source
        .createQueryBuilder()
        .select('count(*)::int', 'n')
        .from((qb) => qb.select('x.id').from(Book, 'x'), 'y')
        .getRawOne(),
    { n: 3 },
  ],
  'EXISTS of another query': [
    ({ shelves, books, theirs }) =>
      shelves
        .createQueryBuilder('s')
        .whereExists(books.createQueryBuilder('b').where('b.id = :id', { id: theirs.one }))
        .getCount(),
    0,
  ],
  'a common table expression': [
    ({ source, books }) =>
      source
        .createQueryBuilder()
        .addCommonTableExpression(books.createQueryBuilder('b').select('b.id'), 'every')
        .select('count(*)::int', 'n')
        .from('every', 'e')
        .getRawOne(),
    { n: 3 },
  ],
  'a table by its name': [
    async ({ source }) => titles(await source.createQueryBuilder().select('*').from('books', 'b').getRawMany()),
    ALL,
  ],
  'GROUP BY': [
    (scene) =>
      all(scene)
        .select('b.pages', 'p')
        .groupBy('b.pages')
        .getRawMany()
        .then((rows) => rows.length),
    3,
  ],
  'ids of relations': [
    async ({ shelves }) => (await shelves.find({ loadRelationIds: true })).flatMap(({ books }) => books).length,
    2,
  ],
  'rows with a lock': [
    ({ source }) =>
      source.transaction(async (manager) =>
        titles(await manager.createQueryBuilder(Book, 'b').setLock('pessimistic_write').getMany()),
      ),
    ALL,
  ],
  'a transaction': [({ source }) => source.transaction((manager) => manager.count(Book)), 3],
  'a transaction in a transaction': [
    ({ source }) => source.transaction((outer) => outer.transaction((inner) => inner.count(Book))),
    3,
  ],
  'relations of what is not ours': [
    async ({ source, theirs }) =>
      titles(await source.createQueryBuilder().relation(Shelf, 'books').of(theirs.shelf).loadMany()),
    ['mine stray'],
  ],
  'a tree': [async ({ source }) => names(await source.getTreeRepository(Section).findTrees()), ['mine root']],
  'descendants of what is not ours': [
    ({ source, theirs }) =>
      source.getTreeRepository(Section).findDescendants(Object.assign(new Section(), { id: theirs.root })),
    [],
  ],
  'a stream': [streamed, 3],
  'a table in a condition by hand': [(scene) => all(scene).where('b.id IN (SELECT id FROM books)').getMany(), REFUSED],
  'a table with its schema by hand': [
    ({ source }) => source.createQueryBuilder().select('*').from('public.books', 'b').getRawMany(),
    REFUSED,
  ],
  'a condition as Raw': [({ books }) => books.findBy({ id: Raw((id) => `${id} IN (SELECT id FROM books)`) }), REFUSED],
  'UNION by hand': [
    (scene) => all(scene).select('b.title', 't').where('1 = 1 UNION SELECT title FROM books').getRawMany(),
    REFUSED,
  ],
  'a join by hand': [
    ({ shelves }) => shelves.createQueryBuilder('s').innerJoin('(SELECT * FROM "books")', 'b', '1 = 1').getRawMany(),
    REFUSED,
  ],
  'a second statement': [(scene) => all(scene).orderBy('b.title; DELETE FROM books').getMany(), REFUSED],
  'a select by hand': [({ source }) => source.query('SELECT * FROM books'), REFUSED],
  'a select by hand of nothing that is scoped': [({ source }) => source.manager.query('SELECT * FROM genres'), REFUSED],
  'a select by hand on a runner': [byRunner, REFUSED],
  'SQL by template': [({ source }) => source.sql`SELECT * FROM books`, REFUSED],
};

/** Writes, and what they must answer. */
const WRITES: Readonly<Record<string, [Operation, unknown]>> = {
  'update by a condition for all': [
    ({ source }) =>
      source.createQueryBuilder().update(Book).set({ title: 'new' }).where('1 = 1').execute().then(affected),
    3,
  ],
  'update without a condition': [
    ({ source }) => source.createQueryBuilder().update(Book).set({ title: 'new' }).execute().then(affected),
    3,
  ],
  'update with OR': [
    ({ source, theirs }) =>
      source
        .createQueryBuilder()
        .update(Book)
        .set({ pages: () => 'pages + 1' })
        .where('id = :id', { id: theirs.one })
        .orWhere('1 = 1')
        .returning('id')
        .execute()
        .then(affected),
    3,
  ],
  'update by id': [({ books, theirs }) => books.update(theirs.one, { title: 'new' }).then(affected), 0],
  'update of all': [({ books }) => books.updateAll({ title: 'new' }).then(affected), 3],
  'update of the tenant': [({ books, mine, theirs }) => books.update(mine.one, { tenantId: theirs.tenant }), CROSSING],
  'update of the tenant by hand': [
    ({ source, theirs }) =>
      source
        .createQueryBuilder()
        .update(Book)
        .set({ pages: () => `1, "tenant_id" = '${theirs.tenant}'` })
        .execute(),
    CROSSING,
  ],
  'update of the tenant behind DISTINCT FROM': [
    ({ source, theirs }) =>
      source
        .createQueryBuilder()
        .update(Book)
        .set({ pages: () => `(1 IS DISTINCT FROM 2)::int, tenant_id = '${theirs.tenant}'` })
        .execute(),
    CROSSING,
  ],
  'update of the tenant in a row': [
    ({ source, theirs }) =>
      source
        .createQueryBuilder()
        .update(Book)
        .set({ pages: () => `1, (title, tenant_id) = ROW('x', '${theirs.tenant}')` })
        .execute(),
    CROSSING,
  ],
  'delete by id': [({ books, theirs }) => books.delete(theirs.one).then(affected), 0],
  'delete without a condition': [
    ({ source }) => source.createQueryBuilder().delete().from(Section).execute().then(affected),
    2,
  ],
  'soft delete, and its reverse': [
    async ({ books, theirs }) => [
      affected(await books.softDelete(theirs.one)),
      affected(await books.restore(theirs.one)),
      affected(await books.createQueryBuilder().softDelete().where('1 = 1').execute()),
      affected(await books.createQueryBuilder().restore().execute()),
    ],
    [0, 0, 3, 3],
  ],
  'increment and decrement': [
    async ({ books, theirs }) => [
      affected(await books.increment({ id: theirs.one }, 'pages', 1)),
      affected(await books.decrement({ pages: MoreThan(0) }, 'pages', 1)),
    ],
    [0, 3],
  ],
  clear: [({ books }) => books.clear({ cascade: true }), REFUSED],
  'save of a new one': [
    async ({ books, mine }) => (await books.save({ id: randomUUID(), title: 'new' })).tenantId === mine.tenant,
    true,
  ],
  'save of a changed one': [
    async ({ books, mine }) => {
      const book = await books.findOneByOrFail({ id: mine.one });
      return (await books.save({ ...book, title: 'new', tenantId: mine.tenant })).title;
    },
    'new',
  ],
  'save over one of theirs': [({ books, theirs }) => books.save({ id: theirs.one, title: 'new' }), 'QueryFailedError'],
  'save for them': [
    ({ books, theirs }) => books.save({ id: randomUUID(), title: 'new', tenantId: theirs.tenant }),
    CROSSING,
  ],
  'save of ours as theirs': [
    async ({ books, mine, theirs }) => books.save({ id: mine.one, title: 'new', tenantId: theirs.tenant }),
    CROSSING,
  ],
  remove: [({ books, theirs }) => books.remove(asBook(theirs)).then(() => 'done'), 'done'],
  'softRemove, and its reverse': [
    async ({ books, theirs }) => {
      await books.softRemove(asBook(theirs));
      await books.recover(asBook(theirs));
      return 'done';
    },
    'done',
  ],
  insert: [({ books }) => books.insert({ id: randomUUID(), title: 'new' }).then(() => 'done'), 'done'],
  'insert of several without listeners': [
    ({ source }) =>
      inserting(source, [{}, {}])
        .callListeners(false)
        .execute()
        .then(() => 'done'),
    'done',
  ],
  'insert for them without listeners': [
    ({ source, mine, theirs }) =>
      inserting(source, [{ tenantId: mine.tenant }, { tenantId: theirs.tenant }])
        .callListeners(false)
        .execute(),
    CROSSING,
  ],
  'insert of chosen columns': [
    ({ source }) =>
      source
        .createQueryBuilder()
        .insert()
        .into(Book, ['id', 'title'])
        .values([newBook({}), newBook({})])
        .callListeners(false)
        .execute()
        .then(() => 'done'),
    'done',
  ],
  'insert with a tenant by hand': [
    ({ source, theirs }) =>
      inserting(source, [{ tenantId: (() => `'${theirs.tenant}'`) as never }])
        .callListeners(false)
        .execute(),
    REFUSED,
  ],
  upsert: [({ books, theirs }) => books.upsert(newBook({ id: theirs.one }), ['id']).then(() => 'done'), 'done'],
  'insert that overwrites on conflict': [
    ({ source, theirs }) =>
      inserting(source, [{ id: theirs.one }])
        .orUpdate(['title', 'tenant_id'], ['id'])
        .execute()
        .then(() => 'done'),
    'done',
  ],
  'insert that changes nothing on conflict': [
    ({ source, theirs }) =>
      inserting(source, [{ id: theirs.one }])
        .orIgnore()
        .execute()
        .then(() => 'done'),
    'done',
  ],
  'a link to what is theirs': [
    ({ source, mine, theirs }) =>
      source
        .createQueryBuilder()
        .relation(Shelf, 'books')
        .of(mine.shelf)
        .add(theirs.one)
        .then(() => 'done'),
    'done',
  ],
  'a deletion in a common table expression': [
    ({ source }) =>
      source
        .createQueryBuilder()
        .addCommonTableExpression('DELETE FROM books RETURNING *', 'gone')
        .select('*')
        .from('gone', 'g')
        .getRawMany(),
    REFUSED,
  ],
  'a statement by hand': [({ source }) => source.query('DELETE FROM books'), REFUSED],
};

export const OPERATIONS: Readonly<Record<string, [Operation, unknown]>> = { ...READS, ...WRITES };

/** What became of an operation: its answer, and whether rows of the other tenant were shown, changed, lost or won. */
export interface Outcome {
  readonly answer: unknown;
  readonly leak: boolean;
}

/** Runs one operation between two new tenants. */
export async function outcomeOf(library: TenantLibrary, source: TenantDataSource, name: string): Promise<Outcome> {
  const [operation] = OPERATIONS[name]!;
  const theirs = await library.furnish('theirs');
  const mine = await library.furnish('mine', theirs);
  const before = await library.contentOf(theirs);
  const scene = { source, books: source.getRepository(Book), shelves: source.getRepository(Shelf), mine, theirs };
  const answer = await library.tenants.run(mine.tenant, async () => {
    try {
      return await operation(scene);
    } catch (error) {
      return codeOf(error);
    }
  });
  const shown = JSON.stringify(answer ?? null);
  const leak = shown.includes('theirs') || (await library.contentOf(theirs)) !== before;
  return { answer: JSON.parse(shown) as unknown, leak };
}

function codeOf(error: unknown): string {
  return error instanceof TenancyError ? error.code : (error as Error).constructor.name;
}

function affected({ affected: rows }: { affected?: number | null }): number | null | undefined {
  return rows;
}

function newBook(difference: Partial<Book>): Partial<Book> {
  return { id: randomUUID(), title: 'new', ...difference };
}

function asBook({ one, tenant }: Holding): Book {
  return Object.assign(new Book(), { id: one, tenantId: tenant, title: 'new' });
}

function inserting(source: TenantDataSource, values: Partial<Book>[]) {
  return source
    .createQueryBuilder()
    .insert()
    .into(Book)
    .values(values.map(newBook) as never);
}

async function byRunner({ source }: Scene): Promise<unknown> {
  const runner = source.createQueryRunner();
  try {
    return await runner.query('SELECT * FROM books');
  } finally {
    await runner.release();
  }
}

/** Rows as they come from the wire; PostgreSQL's own client stands in for the package that TypeORM would load. */
async function streamed({ source }: Scene): Promise<number> {
  Object.assign(source.driver, { loadStreamDependency: () => Query });
  return source.transaction(async (manager) => {
    const stream = (await manager.createQueryBuilder(Book, 'b').stream()) as unknown as NodeJS.EventEmitter;
    let rows = 0;
    stream.on('row', () => (rows += 1));
    await new Promise((resolve, reject) => void stream.on('end', resolve).on('error', reject));
    return rows;
  });
}
