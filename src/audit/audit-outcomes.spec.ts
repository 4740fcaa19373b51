import { readFileSync } from 'node:fs';
import path from 'node:path';
import { AUDIT_OUTCOMES, AUDITED_EVENTS } from './audit-outcomes';

const SOURCE = readFileSync(path.resolve(__dirname, '../common/event-log.ts'), 'utf8');
const UNION = /export type SecurityEvent =([^;]*);/.exec(SOURCE)?.[1] ?? '';
const NAMES = [...UNION.matchAll(/'([a-z_]+)'/g)].map(([, name]) => name);

describe('what is kept', () => {
  it('is decided for every security event there is', () => {
    expect(NAMES.length).toBeGreaterThan(20);
    expect(Object.keys(AUDIT_OUTCOMES).sort()).toEqual([...NAMES].sort());
  });

  it('is what people and programs did, not how the machinery fares', () => {
    expect(AUDITED_EVENTS).toEqual(expect.arrayContaining(['login_succeeded', 'login_failed', 'user_changed']));
    for (const event of ['password_hashed', 'cleanup_finished', 'feed_lost', 'redis_lost', 'webhook_failed']) {
      expect(AUDITED_EVENTS).not.toContain(event);
    }
  });
});
