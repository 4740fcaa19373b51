import fc from 'fast-check';
import { camelCased, snakeCased } from './casing';
import { knownPaths } from './schema-walk';

it('renames to the last level and leaves values alone', () => {
  expect(camelCased({ a_b: [{ c_d: 'e_f' }], g: null })).toEqual({ aB: [{ cD: 'e_f' }], g: null });
});

it('finds the way back for every key of the file', () => {
  fc.assert(
    fc.property(fc.constantFrom(...knownPaths().flat()), fc.string(), (key, value) => {
      expect(snakeCased(camelCased({ [key]: value }))).toEqual({ [key]: value });
    }),
  );
});
