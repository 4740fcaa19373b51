import type { TenantDataSource } from '@latchkey/nest/typeorm';
import { randomInt, randomUUID } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { percentile, report } from '../support/figures';
import { proofSize } from '../support/proof-size';
import { Tally } from '../support/tally';
import { Book, Section, Shelf, TenantLibrary, withoutConditions, type Holding } from '../support/tenant-library';

const TENANTS = proofSize({ reduced: 40, full: 200 });
const OPERATIONS = proofSize({ reduced: 1_000, full: 10_000 });
const TIMED = proofSize({ reduced: 200, full: 2_000 });
const AT_A_TIME = 50;

interface Visit {
  readonly manager: EntityManager;
  readonly source: DataSource;
  readonly mine: Holding;
  readonly theirs: Holding;
}

/** Tenants of the rows that an operation came upon; a number stands for that many rows that were not to be found. */
type Operation = (visit: Visit) => Promise<readonly string[] | number>;

const tenantsOf = (rows: readonly { tenantId: string }[]): string[] => rows.map(({ tenantId }) => tenantId);
const every = ({ manager }: Visit) => manager.createQueryBuilder(Book, 'b');
const changed = ({ affected }: { affected?: number | null }): number => affected ?? 0;

const KINDS: Readonly<Record<string, Operation>> = {
  find: async ({ manager }) => tenantsOf(await manager.find(Book)),
  find_with_relations: async ({ manager }) =>
    tenantsOf((await manager.find(Shelf, { relations: { books: true } })).flatMap((shelf) => [shelf, ...shelf.books])),
  find_of_another: ({ manager, theirs }) => manager.countBy(Book, { id: theirs.one }),
  exists_of_another: async ({ manager, theirs }) => Number(await manager.existsBy(Shelf, { id: theirs.shelf })),
  count_of_another: ({ manager, theirs }) => manager.countBy(Book, { tenantId: theirs.tenant }),
  sum_of_another: async ({ manager, theirs }) => (await manager.sum(Book, 'pages', { tenantId: theirs.tenant })) ?? 0,
  join: async (visit) =>
    tenantsOf(
      (await every(visit).leftJoinAndSelect('b.shelf', 's').getMany()).flatMap((book) => [
        book,
        ...[book.shelf ?? []].flat(),
      ]),
    ),
  condition_for_all: async (visit) => tenantsOf(await every(visit).where('1 = 1 OR 2 = 2').getMany()),
  subquery: async (visit) =>
    tenantsOf(
      await every(visit)
        .where((qb) => `b.id IN ${qb.subQuery().select('x.id').from(Book, 'x').getQuery()}`)
        .getMany(),
    ),
  raw_rows: async (visit) =>
    (await every(visit).select('b.tenant_id', 'tenant').getRawMany<{ tenant: string }>()).map(({ tenant }) => tenant),
  lazy: async ({ manager, mine }) => {
    const sequel = await (await manager.findOneByOrFail(Book, { id: mine.stray })).sequel;
    return sequel ? [sequel.tenantId] : [];
  },
  tree: async ({ manager }) => (await manager.getTreeRepository(Section).findTrees()).map(({ library }) => library),
  transaction: ({ source }) => source.transaction(async (manager) => tenantsOf(await manager.find(Book))),
  insert: async ({ manager, mine }) => {
    const saved = await manager.save(Book, { id: randomUUID(), title: mine.tenant, tenantId: mine.tenant });
    await manager.delete(Book, { id: saved.id });
    return [saved.tenantId];
  },
  save: async ({ manager, mine }) => {
    const book = await manager.findOneByOrFail(Book, { id: mine.one });
    return [(await manager.save(Book, { ...book, title: mine.tenant })).tenantId];
  },
  update_all: async ({ manager, mine }) => {
    await manager.updateAll(Book, { title: mine.tenant });
    return [];
  },
  update_of_another: async ({ manager, theirs }) =>
    changed(await manager.update(Book, { id: theirs.one }, { title: 'x' })),
  increment_of_another: async ({ manager, theirs }) =>
    changed(await manager.increment(Book, { id: theirs.one }, 'pages', 1)),
  delete_of_another: async ({ manager, theirs }) => changed(await manager.delete(Book, { id: theirs.two })),
  soft_delete_of_another: async ({ manager, theirs }) => changed(await manager.softDelete(Book, { id: theirs.two })),
  upsert_over_another: async ({ manager, theirs, mine }) => {
    const book = { id: theirs.one, title: 'x', tenantId: mine.tenant };
    // Row-level security refuses where a condition passes by.
    await manager.upsert(Book, book, ['id']).catch(() => undefined);
    return [];
  },
};

const WALLS = [
  { walls: 'conditions', rowLevelSecurity: false, conditions: true },
  { walls: 'row-level security', rowLevelSecurity: true, conditions: false },
  { walls: 'both', rowLevelSecurity: true, conditions: true },
];

describe('tenants that share one connection', () => {
  let library: TenantLibrary;
  let url: string;
  let holdings: Holding[];

  beforeAll(async () => {
    library = await TenantLibrary.create();
    url = await library.secure();
    holdings = [];
    for (let i = 0; i < TENANTS; i += 1) holdings.push(await library.furnish(`tenant ${i}`, holdings[i - 1]));
    // From here on every text says whose it is.
    await library.asOwner('UPDATE books SET title = tenant_id');
  }, 60_000);
  afterAll(() => library.close(), 30_000);

  /** The policies hold for the role of the application; the owner of the database is above them. */
  async function connect({ rowLevelSecurity, conditions }: (typeof WALLS)[number]): Promise<TenantDataSource> {
    const source = await library.connect({ url: rowLevelSecurity ? url : undefined, rowLevelSecurity });
    return conditions ? source : withoutConditions(source);
  }

  /** Sends `count` operations of all kinds for tenants at random, many at a time. */
  async function visits(source: TenantDataSource, count: number): Promise<Tally> {
    const seen = new Tally();
    const kinds = Object.entries(KINDS);
    let next = 0;
    const visit = async (): Promise<void> => {
      const [kind, operation] = kinds[next++ % kinds.length]!;
      const [mine, theirs] = pair(holdings);
      const all = { manager: source.manager, source, mine, theirs };
      const met = await library.tenants.run(mine.tenant, () => operation(all));
      const foreign = typeof met === 'number' ? met : met.filter((tenant) => tenant !== mine.tenant).length;
      seen.count(kind);
      if (foreign > 0) seen.count(`CROSSED by ${kind}`);
    };
    const worker = async (): Promise<void> => {
      while (next < count) await visit();
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    return seen;
  }

  it.each(WALLS)(
    'never meet: $walls',
    async (row) => {
      const seen = await visits(await connect(row), OPERATIONS);
      const strangers = await library.asOwner('SELECT count(*)::int AS n FROM books WHERE title <> tenant_id::text');
      const rows = await library.asOwner('SELECT count(*)::int AS n FROM books');
      report({
        proof: 'tenancy',
        promise: 'Tenants that share one connection never see or touch a row of each other',
        setting: row.walls,
        figures: {
          tenants: TENANTS,
          operations: OPERATIONS,
          kinds: Object.keys(KINDS).length,
          crossed: seen.violations,
        },
      });
      expect(seen.broken).toEqual({});
      expect(Object.keys(seen.all).sort()).toEqual(Object.keys(KINDS).sort());
      expect([strangers, rows]).toEqual([[{ n: 0 }], [{ n: TENANTS * 3 }]]);
    },
    300_000,
  );

  it('pays for each wall', async () => {
    const [mine] = holdings;
    const sources: Record<string, DataSource> = {
      plain: await library.connectPlainly(),
      conditions: await library.connect(),
      both: await library.connect({ url, rowLevelSecurity: true }),
    };
    const times: Record<string, number[]> = { plain: [], conditions: [], both: [] };
    for (let i = 0; i < TIMED; i += 1) {
      for (const [name, source] of Object.entries(sources)) {
        const started = performance.now();
        await library.tenants.run(mine!.tenant, () => source.getRepository(Shelf).findOneBy({ id: mine!.shelf }));
        times[name]!.push(performance.now() - started);
      }
    }
    const median = (name: string) => percentile(times[name]!, 0.5);
    const ratio = (name: string) => Number((median(name) / median('plain')).toFixed(2));
    report({
      proof: 'tenancy',
      promise: 'What a findOne by id costs, as a multiple of the same without tenants',
      setting: 'embedded PostgreSQL, one connection',
      figures: { queries: TIMED, conditions_ratio: ratio('conditions'), both_ratio: ratio('both') },
    });
    expect(times['both']).toHaveLength(TIMED);
  }, 60_000);

  it('are seen to meet where no wall is', async () => {
    const seen = await visits(withoutConditions(await library.connect()), 100);
    expect(seen.broken).toMatchObject({ 'CROSSED by find': expect.any(Number) as number });
  }, 60_000);
});

/** Two tenants, at random. */
function pair(holdings: readonly Holding[]): [Holding, Holding] {
  const first = randomInt(holdings.length);
  const second = (first + 1 + randomInt(holdings.length - 1)) % holdings.length;
  return [holdings[first]!, holdings[second]!];
}
