import type { TenantDataSource } from '@latchkey/nest/typeorm';
import { seams } from '../../packages/nest/src/typeorm/seams';
import type { StatementDraft } from '../../packages/nest/src/typeorm/statement-draft';
import { StatementGate } from '../../packages/nest/src/typeorm/statement-gate';
import type { TablePosition } from '../../packages/nest/src/typeorm/table-positions';
import { TenantLibrary } from '../support/tenant-library';
import { OPERATIONS, outcomeOf } from '../support/tenant-operations';

type Named = { draft: StatementDraft; table: { name: string }; position: TablePosition };

interface Mutation {
  /** The seam with nothing in it: the statement goes on as if there were no tenants. */
  readonly without: (...args: never[]) => unknown;
  /** Where that is noticed first. */
  readonly leak: string;
}

const MUTATIONS: Readonly<Record<keyof typeof seams, Mutation>> = {
  read: {
    without: ({ draft, table, position }: Named) => draft.unmark(position.last, table as never),
    leak: 'find',
  },
  restrict: { without: () => undefined, leak: 'update by a condition for all' },
  keep: { without: () => undefined, leak: 'update of the tenant' },
  fill: {
    without: ({ draft, position }: Named) => draft.find(['on', 'returning'], position.last, position.end),
    leak: 'insert for them without listeners',
  },
  overwrite: { without: () => undefined, leak: 'upsert' },
  bare: { without: () => undefined, leak: 'a table with its schema by hand' },
};

let library: TenantLibrary;

beforeAll(async () => {
  library = await TenantLibrary.create();
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => library.close());

/** Names of the operations that show or touch what is not theirs. */
async function leaks(source: TenantDataSource, until?: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of Object.keys(OPERATIONS)) {
    if ((await outcomeOf(library, source, name)).leak) found.push(name);
    if (found.at(-1) === until) break;
  }
  return found;
}

describe('the search for leaks', () => {
  it('finds none with every seam in place', async () => {
    expect(await leaks(await library.connect(), 'none')).toEqual([]);
  });

  it('tries every seam', () => {
    expect(Object.keys(MUTATIONS)).toEqual(Object.keys(seams));
  });

  it.each(Object.entries(MUTATIONS))('finds one without the seam "%s"', async (name, { without, leak }) => {
    jest.spyOn(seams, name as keyof typeof seams).mockImplementation(without as never);
    expect((await leaks(await library.connect(), leak))[0]).toBe(leak);
  });

  it('finds one when statements by hand are let through', async () => {
    jest.spyOn(StatementGate.prototype as unknown as { refuse(): void }, 'refuse').mockReturnValue(undefined);
    expect((await leaks(await library.connect(), 'a select by hand'))[0]).toBe('a select by hand');
  });
});
