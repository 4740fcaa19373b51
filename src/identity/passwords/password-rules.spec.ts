import { assertHashable, isLongEnough } from './password-rules';

describe('rules for a password', () => {
  it.each([
    ['spaces at its ends', '  correct horse  '],
    ['line breaks and NUL', 'a\n\0b'],
    ['accents, composed or not', 'é e\u0301'],
    ['emoji', '🔑🔑🔑'],
    ['1024 bytes', 'x'.repeat(1024)],
    ['nothing at all', ''],
  ])('can hash one with %s', (_, password) => {
    expect(() => assertHashable(password)).not.toThrow();
  });

  it.each<[string, unknown]>([
    ['1025 bytes', 'x'.repeat(1025)],
    ['513 two-byte characters', 'é'.repeat(513)],
    ['a lone high surrogate', 'abc\uD83Ddef'],
    ['a lone low surrogate', '\uDD11'],
    ['an array', ['password']],
    ['a number', 12345678],
    ['null', null],
  ])('refuses one with %s before any hashing', (_, password) => {
    expect(() => assertHashable(password)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
  });

  it('never repeats the password in its answer', () => {
    const password = 'hunter2'.repeat(200);
    expect(() => assertHashable(password)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  it('counts code points, not units or bytes', () => {
    expect(isLongEnough('🔑'.repeat(8), 8)).toBe(true);
    expect(isLongEnough('🔑'.repeat(7), 8)).toBe(false);
  });
});
