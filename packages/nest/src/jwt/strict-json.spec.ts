import fc from 'fast-check';
import { parseStrictJson, StrictJsonError } from './strict-json';

const parse = (text: string): unknown => parseStrictJson(Buffer.from(text));

describe('strict JSON', () => {
  const FORBIDDEN = /__proto__|constructor|prototype/;

  it('reads what JSON.parse reads', () => {
    const values = fc.jsonValue({ maxDepth: 6 }).filter((value) => !FORBIDDEN.test(JSON.stringify(value)));
    fc.assert(
      fc.property(values, (value) => expect(parse(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))),
    );
  });

  it.each([
    ['a name twice', '{"a":1,"a":2}'],
    ['a name twice, spelled differently', '{"a":1,"\\u0061":2}'],
    ['a name twice further in', '[{"x":{"a":1,"b":[{"c":1,"c":2}]}}]'],
    ['a name twice behind tricky strings', '{"\\"a\\":":1,"b":"\\\\","b":2}'],
    ['__proto__', '{"__proto__":{"admin":true}}'],
    ['__proto__ in an array', '[[{"__proto__":1}]]'],
    ['what is no JSON', '{a:1}'],
    ['a trailing comma', '{"a":1,}'],
    ['two values', '{} {}'],
    ['nesting that no client has a reason for', '['.repeat(5_000) + ']'.repeat(5_000)],
    ['nothing', ''],
    ['a byte order mark', '\ufeff{}'],
  ])('refuses %s', (_, text) => {
    expect(() => parse(text)).toThrow(StrictJsonError);
  });

  it('refuses what is no UTF-8', () => {
    expect(() => parseStrictJson(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toThrow(StrictJsonError);
    expect(() => parseStrictJson(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toThrow(StrictJsonError);
  });

  it('is not fooled by colons and quotes inside strings', () => {
    expect(parse('{"a":"b\\":","c":"\\"d\\":"}')).toEqual({ a: 'b":', c: '"d":' });
  });

  it('says nothing of the content in its error', () => {
    expect(() => parse('{"password":"hunter2"')).toThrow(expect.not.stringContaining('hunter2') as string);
  });
});
