import { newKeyId } from './key-material';

describe('ids of new keys', () => {
  const ids = Array.from({ length: 5_000 }, newKeyId);

  it('are twelve letters and digits, so that a command line takes none of them for an option', () => {
    for (const id of ids) expect(id).toMatch(/^[0-9A-Za-z]{12}$/);
  });

  it('are never the same twice', () => {
    expect(new Set(ids).size).toBe(ids.length);
  });
});
