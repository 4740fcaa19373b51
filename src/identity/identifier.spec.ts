import fc from 'fast-check';
import { emailKey, readIdentifier, usernameKey } from './identifier';

describe('identifiers', () => {
  it('lower-cases ASCII letters and nothing else', () => {
    expect(emailKey('Ada.Lovelace@Example.COM')).toBe('ada.lovelace@example.com');
    expect(usernameKey('Ada_L-1.x')).toBe('ada_l-1.x');
  });

  it.each([
    ['dotless i', 'adm\u0131n@example.com'],
    ['long s', 'ro\u017Fe@example.com'],
    ['Kelvin sign', '\u212Aate@example.com'],
    ['full width', '\uFF41da@example.com'],
    ['full-width at', 'ada\uFF20example.com'],
    ['composed accent', 'ren\u00E9@example.com'],
    ['decomposed accent', 'rene\u0301@example.com'],
    ['Cyrillic a', '\u0430da@example.com'],
    ['zero width space', 'ad\u200Ba@example.com'],
    ['Unicode host', 'ada@ex\u00E4mple.com'],
    ['comma list', 'ada@example.com,eve@example.com'],
    ['semicolon list', 'ada@example.com;eve@example.com'],
    ['space list', 'ada@example.com eve@example.com'],
    ['CRLF', 'ada@example.com\r\nBcc: eve@example.com'],
    ['trailing newline', 'ada@example.com\n'],
    ['NUL', 'ada@example.com\0'],
    ['surrounding space', ' ada@example.com'],
    ['quoted', '"ada"@example.com'],
    ['display name', 'Ada <ada@example.com>'],
    ['two ats', 'ada@eve@example.com'],
    ['no host', 'ada@'],
    ['percent', 'ada%example.com@'],
    ['too long', `${'a'.repeat(250)}@example.com`],
  ])('takes no e-mail address with %s', (_, typed) => {
    expect(emailKey(typed)).toBeNull();
    expect(readIdentifier(typed)).toBeNull();
  });

  it.each([
    ['an at sign', 'ada@x'],
    ['one letter', 'a'],
    ['65 letters', 'a'.repeat(65)],
    ['a leading dot', '.ada'],
    ['a space', 'ada l'],
    ['a dotless i', 'adm\u0131n'],
    ['a long s', 'ro\u017Fe'],
    ['a Kelvin sign', '\u212Aate'],
    ['full-width letters', '\uFF41\uFF44\uFF41'],
    ['a combining accent', 'rene\u0301'],
    ['a trailing newline', 'ada\n'],
    ['NUL', 'ada\0'],
    ['nothing', ''],
  ])('takes no username with %s', (_, typed) => {
    expect(usernameKey(typed)).toBeNull();
    expect(readIdentifier(typed)).toBeNull();
  });

  it.each([[['ada@example.com']], [{ toString: () => 'ada@example.com' }], [null], [undefined], [7]])(
    'takes nothing but text: %p',
    (typed) => {
      expect(emailKey(typed)).toBeNull();
      expect(usernameKey(typed)).toBeNull();
      expect(readIdentifier(typed)).toBeNull();
    },
  );

  it('never makes a key that is not printable ASCII', () => {
    const nearlyEmail = fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })).map((p) => p.join('@'));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearlyEmail, fc.emailAddress()), (typed) => {
        const key = readIdentifier(typed)?.key;
        expect(key === undefined || /^[\x21-\x7e]+$/.test(key)).toBe(true);
        if (key !== undefined) expect(key).toHaveLength(typed.length);
      }),
    );
  });

  it('reads an address by its at sign, anything else as a username', () => {
    expect(readIdentifier('Ada@Example.com')).toEqual({ kind: 'email', key: 'ada@example.com' });
    expect(readIdentifier('Ada')).toEqual({ kind: 'username', key: 'ada' });
  });

  it('refuses the kind that the policy leaves out', () => {
    expect(readIdentifier('ada', 'email')).toBeNull();
    expect(readIdentifier('ada@example.com', 'username')).toBeNull();
    expect(readIdentifier('ada', 'username')).not.toBeNull();
    expect(readIdentifier('ada@example.com', 'email')).not.toBeNull();
  });
});
