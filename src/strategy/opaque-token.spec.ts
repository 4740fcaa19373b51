import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { decodeBase62, encodeBase62 } from '../common/base62';
import { formatOpaqueToken, newSecret, parseOpaqueToken } from './opaque-token';

const token = () => ({ sessionId: randomUUID(), secret: newSecret() });

describe('opaque tokens', () => {
  it('come back as they went in, whatever their bytes', () => {
    const bytes = fc.tuple(fc.uuid(), fc.uint8Array({ minLength: 32, maxLength: 32 }));
    fc.assert(
      fc.property(bytes, fc.constantFrom('access' as const, 'refresh' as const), ([sessionId, secret], use) => {
        const parsed = parseOpaqueToken(use, formatOpaqueToken(use, { sessionId, secret: Buffer.from(secret) }));
        expect(parsed).toEqual({ sessionId, secret: Buffer.from(secret) });
      }),
    );
  });

  it('say by their prefix what they are for, and the checksum covers it', () => {
    const access = formatOpaqueToken('access', token());
    expect(access).toMatch(/^lk_at_[0-9A-Za-z]{70}$/);
    expect(parseOpaqueToken('refresh', access)).toBeNull();
    expect(parseOpaqueToken('refresh', access.replace('lk_at_', 'lk_rt_'))).toBeNull();
  });

  it('are refused with any one character changed', () => {
    const text = formatOpaqueToken('access', token());
    for (let i = 0; i < text.length; i += 1) {
      const changed = text.slice(0, i) + (text[i] === 'x' ? 'y' : 'x') + text.slice(i + 1);
      expect(parseOpaqueToken('access', changed)).toBeNull();
    }
  });

  it.each(['', 'lk_at_', 'lk_at_ ', 'lk_at_' + 'z'.repeat(70), 'lk_at_' + '0'.repeat(69), 'lk_at_' + '-'.repeat(70)])(
    'are refused when malformed: %j',
    (text) => expect(parseOpaqueToken('access', text)).toBeNull(),
  );
});

describe('base62', () => {
  it('has one spelling for every value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
        const text = encodeBase62(Buffer.from(bytes));
        expect(decodeBase62(text, bytes.length)).toEqual(Buffer.from(bytes));
        expect(decodeBase62(`0${text}`, bytes.length)).toBeNull();
      }),
    );
  });

  it('refuses values too large for the length', () => {
    expect(decodeBase62('zz', 1)).toBeNull();
  });
});
