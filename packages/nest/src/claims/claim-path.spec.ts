import { claimPath, textAt, textsAt } from './claim-path';

const CLAIMS = {
  sub: 'u',
  realm_access: { roles: ['a', 'b'] },
  resource_access: { one: { roles: ['c'] }, two: { roles: ['a', 7] }, three: {} },
  'https://example.com/roles': ['d'],
  groups: [{ name: 'x' }, { name: 'y' }],
  empty: '',
};

describe('a path into claims', () => {
  it.each<[string, string[]]>([
    ['sub', ['u']],
    ['realm_access.roles', ['a', 'b']],
    ['resource_access.*.roles', ['c', 'a']],
    ['https://example\\.com/roles', ['d']],
    ['groups.*.name', ['x', 'y']],
    ['groups.1.name', ['y']],
    ['absent.roles', []],
    ['sub.length', []],
    ['empty', []],
  ])('finds what %s says', (path, found) => {
    expect(textsAt([claimPath(path)], CLAIMS)).toEqual(found);
  });

  it('reaches nothing that claims inherit', () => {
    expect(claimPath('constructor.name')(CLAIMS)).toEqual([]);
    expect(claimPath('__proto__')(JSON.parse('{"a":1}') as object)).toEqual([]);
  });

  it('gives one text or none', () => {
    expect(textAt(claimPath('sub'), CLAIMS)).toBe('u');
    expect(textAt(claimPath('realm_access.roles.*'), CLAIMS)).toBeNull();
    expect(textAt(claimPath('empty'), CLAIMS)).toBeNull();
  });

  it.each(['', '.', 'a..b', '.a', 'a.'])('cannot be "%s"', (path) => {
    expect(() => claimPath(path)).toThrow();
  });
});
