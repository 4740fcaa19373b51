import { BoundedLabel } from './bounded-label';

describe('BoundedLabel', () => {
  it('keeps the first values and calls every further one other', () => {
    const label = new BoundedLabel(2);
    expect(['a', 'b', 'c', 'a'].map((value) => label.of(value))).toEqual(['a', 'b', 'other', 'a']);
  });

  it.each(['ada@example.com', 'a b', '', 'x'.repeat(41), 'line\nbreak', '"'])('calls %j other', (value) => {
    expect(new BoundedLabel(9).of(value)).toBe('other');
  });

  it('has a word for what is missing', () => expect(new BoundedLabel(1).of(undefined)).toBe('none'));
});
