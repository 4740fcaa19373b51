import { rowOf, type AuditEntry } from './audit-entry';
import { canonical, canonicalTime } from './audit-keys';

const NOW = new Date(Date.UTC(2026, 10, 26));
const entry = (difference: Partial<AuditEntry>): AuditEntry => ({ event: 'test', outcome: 'success', ...difference });
const canonicalOf = (difference: Partial<AuditEntry>): string => {
  const row = { ...rowOf(entry(difference), NOW), id: 'one' };
  return canonical({ ...row, occurredAt: canonicalTime(NOW) });
};

describe('a row', () => {
  it('keeps what PostgreSQL would refuse or change in a spelling that stays', () => {
    const row = rowOf(entry({ reason: 'a\0b\ud800c', userAgent: `${'x'.repeat(511)}\u{1f600}` }), NOW);
    expect(row.reason).toBe('a\ufffdb\ufffdc');
    expect(row.userAgent).toHaveLength(512);
    expect(JSON.stringify(row)).not.toMatch(/\\u(d[89a-f]|0000)/i);
  });

  it('keeps no id that is none, and every other in one spelling', () => {
    const id = '0B8F7C1E-5D0F-4A53-9A53-6A1F0C2F7F10';
    expect(rowOf(entry({ userId: id, sessionId: "' OR true" }), NOW)).toMatchObject({
      userId: id.toLowerCase(),
      sessionId: null,
    });
  });

  it('keeps no secret, however deep it lies', () => {
    const token = 'lk_at_0123456789abcdefghij';
    const row = rowOf(
      entry({ reason: token, actor: { kind: 'user', id: token }, details: { a: [{ b: token }] } }),
      NOW,
    );
    expect(JSON.stringify(row)).not.toContain('0123456789');
  });

  it('has one canonical text, whatever the order of its details', () => {
    expect(canonicalOf({ details: { a: 1, b: { c: 2, d: 3 } } })).toBe(
      canonicalOf({ details: { b: { d: 3, c: 2 }, a: 1 } }),
    );
  });

  it('has another text when anything differs, or stands elsewhere', () => {
    const texts = [
      canonicalOf({}),
      canonicalOf({ reason: 'a' }),
      canonicalOf({ ipAddress: 'a' }),
      canonicalOf({ clientId: 'a' }),
      canonicalOf({ reason: 'null' }),
      canonicalOf({ details: { a: [['b', 1]] } }),
      canonicalOf({ details: { a: { b: 1 } } }),
      canonicalOf({ details: { a: '1' } }),
      canonicalOf({ details: { a: 1 } }),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });
});
