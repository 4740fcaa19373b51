import { RootKeys } from '../keys/root-keys';
import { FeedCursors } from './feed-cursors';

const CLIENT = '7d3c1c1e-6f0c-4a55-9f5b-3f1c7e0d5a10';
const cursors = new FeedCursors(new RootKeys('a root secret for tests, thirty-two bytes and more'));

describe('cursors of the feed', () => {
  // The length of a position decides how the last character of its cursor is filled.
  describe.each(['7', '42', '512', '1024', '99999', '123456'])('at transaction %s', (transaction) => {
    const position = { transaction, id: '0', next: null };
    const cursor = cursors.seal(CLIENT, position);

    it('open for the client they were made for, and for no other', () => {
      expect(cursors.open(CLIENT, cursor)).toEqual(position);
      expect(cursors.open('00000000-0000-4000-8000-000000000000', cursor)).toBeNull();
    });

    it.each([
      ['longer', `${cursor}A`],
      ['longer by two', `${cursor}AA`],
      ['padded', `${cursor}=`],
      ['shorter', cursor.slice(0, -1)],
      ['with a blank', `${cursor} `],
    ])('have one spelling: not %s', (_, other) => {
      expect(cursors.open(CLIENT, other)).toBeNull();
    });
  });

  it('do not open with another root secret', () => {
    const elsewhere = new FeedCursors(new RootKeys('another root secret for tests, thirty-two bytes too'));
    expect(cursors.open(CLIENT, elsewhere.seal(CLIENT, { transaction: '7', id: '0', next: null }))).toBeNull();
  });
});
