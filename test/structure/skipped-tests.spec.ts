import { silencedTests } from './skipped-tests';
import { readTree } from './source-tree';

const spec = (text: string) => ({ path: 'src/a.spec.ts', text });

describe('no test is silenced', () => {
  it('in the tree', () => {
    const specs = ['src', 'packages', 'test'].flatMap((folder) => readTree(folder, /\.spec\.ts$/));
    expect(specs.length).toBeGreaterThan(0);
    expect(specs.flatMap(silencedTests)).toEqual([]);
  });

  it.each([
    "it.skip('works', () => {});",
    "describe.only('part', () => {});",
    "test.todo('works');",
    "it.failing('works', () => {});",
    "it.concurrent.skip.each([1])('works', () => {});",
    "xit('works', () => {});",
    "fdescribe('part', () => {});",
    'const maybe = process.env.SERVER ? it : it.skip;',
  ])('the check finds %s', (text) => {
    expect(silencedTests(spec(text))).toHaveLength(1);
  });

  it.each(["it('skips expired rows', () => {});", 'const { only } = options; pages.skip(1);'])(
    'it allows %s',
    (text) => {
      expect(silencedTests(spec(text))).toEqual([]);
    },
  );
});
