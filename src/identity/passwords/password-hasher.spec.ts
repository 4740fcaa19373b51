import { Clock } from '../../common/clock';
import { EventLog, type EventFacts, type SecurityEvent } from '../../common/event-log';
import { createLogger } from '../../common/logger';
import { HashingLane } from '../../protection/hashing-lane';
import type { PasswordSettings } from './password-algorithms';
import { PasswordHasher } from './password-hasher';

const ARGON2ID: PasswordSettings = {
  algorithm: 'argon2id',
  argon2id: { memory: 1024, iterations: 1, parallelism: 1, saltLength: 16, keyLength: 32 },
  bcryptCost: 4,
};
const BCRYPT: PasswordSettings = { ...ARGON2ID, algorithm: 'bcrypt' };

class RecordedEvents extends EventLog {
  readonly all: (EventFacts & { event: SecurityEvent })[] = [];

  constructor() {
    super(createLogger('silent'));
  }

  override record(event: SecurityEvent, facts: EventFacts = {}): void {
    this.all.push({ event, ...facts });
  }
}

function hasherOf(settings: PasswordSettings, lines: string[] = []) {
  const events = new RecordedEvents();
  const lane = new HashingLane({ maxConcurrent: 2 }, new Clock());
  const logger = createLogger('warn', { write: (line) => void lines.push(line) });
  return { hasher: new PasswordHasher(lane, settings, events, logger), events };
}

function changed(argon2id: Partial<PasswordSettings['argon2id']>): PasswordSettings {
  return { ...ARGON2ID, argon2id: { ...ARGON2ID.argon2id, ...argon2id } };
}

describe.each([
  ['argon2id', ARGON2ID],
  ['bcrypt', BCRYPT],
])('passwords under %s', (_, settings) => {
  const { hasher } = hasherOf(settings);

  it.each([
    ['plain', 'correct horse battery'],
    ['with spaces at its ends', '  correct horse '],
    ['with NUL inside', 'correct\0horse'],
    ['of exactly 72 bytes', 'x'.repeat(72)],
    ['of 73 bytes', 'x'.repeat(73)],
    ['of 72 bytes in 24 characters', '錠'.repeat(24)],
    ['of 1024 bytes', 'é'.repeat(512)],
  ])('match themselves when %s', async (_name, password) => {
    await expect(hasher.verify(password, await hasher.hash(password))).resolves.toBe(true);
  });

  it.each([
    ['one letter differs', 'correct horse', 'correct horsf'],
    ['case differs', 'correct horse', 'Correct horse'],
    ['a space is added', 'correct horse', 'correct horse '],
    ['an accent is composed another way', 'caf\u00E9 au lait', 'cafe\u0301 au lait'],
    ['they differ after 72 bytes', `${'x'.repeat(72)}a`, `${'x'.repeat(72)}b`],
    ['they differ after 72 bytes of three-byte characters', `${'錠'.repeat(24)}a`, `${'錠'.repeat(24)}b`],
    ['a character straddles byte 72', `${'x'.repeat(71)}é`, `${'x'.repeat(71)}è`],
    ['the second goes on after 72 bytes', 'x'.repeat(72), 'x'.repeat(73)],
    ['the first goes on after 72 bytes', 'x'.repeat(73), 'x'.repeat(72)],
    ['they differ after NUL', 'correct\0horse', 'correct\0donkey'],
    ['the second goes on after NUL', 'correct', 'correct\0horse'],
    ['the first goes on after NUL', 'correct\0horse', 'correct'],
    ['the second ends in NUL', 'correct horse', 'correct horse\0'],
  ])('do not match when %s', async (_name, password, other) => {
    await expect(hasher.verify(other, await hasher.hash(password))).resolves.toBe(false);
  });

  it('never make the same string twice', async () => {
    expect(await hasher.hash('correct horse')).not.toBe(await hasher.hash('correct horse'));
  });

  it('do not need an upgrade under the settings that made them, long or short', async () => {
    expect(hasher.needsUpgrade(await hasher.hash('short enough'))).toBe(false);
    expect(hasher.needsUpgrade(await hasher.hash('x'.repeat(100)))).toBe(false);
  });

  it.each([
    ['no hash', null],
    ['an empty hash', ''],
    ['a damaged hash', '$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$'],
    ['a plain password in its place', 'correct horse'],
  ])('are compared once, with a dummy, for a user with %s', async (_name, stored) => {
    const { hasher: fresh, events } = hasherOf(settings);
    fresh.onModuleInit();
    await expect(fresh.verify('correct horse', stored)).resolves.toBe(false);
    expect(events.all.filter(({ purpose }) => purpose === 'verify')).toHaveLength(1);
    expect(events.all.every(({ algorithm }) => algorithm === settings.algorithm)).toBe(true);
  });

  it('make the dummy once', async () => {
    const { hasher: fresh, events } = hasherOf(settings);
    fresh.onModuleInit();
    await Promise.all(['a', 'b', 'c'].map((password) => fresh.verify(password, null)));
    expect(events.all.filter(({ purpose }) => purpose === 'store')).toHaveLength(1);
  });

  it('that cannot be hashed are refused before any work', async () => {
    const { hasher: fresh, events } = hasherOf(settings);
    await expect(fresh.verify('x'.repeat(1025), null)).rejects.toMatchObject({ code: 'validation_failed' });
    await expect(fresh.hash('\uD800')).rejects.toMatchObject({ code: 'validation_failed' });
    expect(events.all).toEqual([]);
  });
});

describe('PasswordHasher', () => {
  it('stores a mark before bcrypt strings that were made from a digest, and only there', async () => {
    const { hasher } = hasherOf(BCRYPT);
    expect(await hasher.hash('x'.repeat(72))).toMatch(/^\$2b\$04\$/);
    expect(await hasher.hash('x'.repeat(73))).toMatch(/^\$bcrypt-sha384\$\$2b\$04\$/);
    expect(await hasher.hash('a\0b')).toMatch(/^\$bcrypt-sha384\$\$2b\$04\$/);
  });

  it('does as much work for a password that a plain bcrypt hash can never match', async () => {
    const { hasher, events } = hasherOf(BCRYPT);
    const stored = await hasher.hash('x'.repeat(72));
    await hasher.verify('x'.repeat(73), stored);
    expect(events.all.filter(({ purpose }) => purpose === 'verify')).toHaveLength(1);
  });

  it.each<[string, PasswordSettings, PasswordSettings]>([
    ['the algorithm', ARGON2ID, BCRYPT],
    ['the algorithm, back again', BCRYPT, ARGON2ID],
    ['the memory', ARGON2ID, changed({ memory: 2048 })],
    ['less memory', changed({ memory: 2048 }), ARGON2ID],
    ['the iterations', ARGON2ID, changed({ iterations: 2 })],
    ['the parallelism', ARGON2ID, changed({ parallelism: 2 })],
    ['the salt length', ARGON2ID, changed({ saltLength: 24 })],
    ['the key length', ARGON2ID, changed({ keyLength: 48 })],
    ['the bcrypt cost', BCRYPT, { ...BCRYPT, bcryptCost: 5 }],
  ])('wants an upgrade when the settings change %s, and still matches', async (_, before, after) => {
    const stored = await hasherOf(before).hasher.hash('correct horse');
    const { hasher } = hasherOf(after);
    expect(hasher.needsUpgrade(stored)).toBe(true);
    await expect(hasher.verify('correct horse', stored)).resolves.toBe(true);
    expect(hasher.needsUpgrade(await hasher.hash('correct horse'))).toBe(false);
  });

  it.each<[string, PasswordSettings, string]>([
    ['development', { ...ARGON2ID, algorithm: 'bcrypt', bcryptCost: 10 }, '$2b$10$'],
    ['bcrypt by default', { ...ARGON2ID, algorithm: 'bcrypt', bcryptCost: 12 }, '$2b$12$'],
    [
      'argon2id by default',
      changed({ memory: 65536, iterations: 3, parallelism: 2 }),
      '$argon2id$v=19$m=65536,t=3,p=2$',
    ],
    ['production', changed({ memory: 131072, iterations: 4, parallelism: 4 }), '$argon2id$v=19$m=131072,t=4,p=4$'],
  ])('writes the parameters of the %s configuration into the hash', async (_, settings, beginning) => {
    const { hasher } = hasherOf(settings);
    const stored = await hasher.hash('correct horse');
    expect(stored.startsWith(beginning)).toBe(true);
    expect(hasher.needsUpgrade(stored)).toBe(false);
    await expect(hasher.verify('correct horse', stored)).resolves.toBe(true);
  });

  it('reads the bcrypt strings of other systems', async () => {
    const { hasher } = hasherOf(BCRYPT);
    const stored = await hasher.hash('correct horse');
    for (const version of ['2a', '2y']) {
      await expect(hasher.verify('correct horse', stored.replace('$2b$', `$${version}$`))).resolves.toBe(true);
    }
  });

  it('logs an unreadable hash without showing it', async () => {
    const lines: string[] = [];
    const { hasher } = hasherOf(ARGON2ID, lines);
    await hasher.verify('correct horse', 'hunter2-in-clear');
    expect(lines).toHaveLength(1);
    expect(lines.join()).toContain('cannot be read');
    expect(lines.join()).not.toContain('hunter2');
  });

  it('records what each hash was for and how long it took', async () => {
    const { hasher, events } = hasherOf(ARGON2ID);
    await hasher.verify('correct horse', await hasher.hash('correct horse', 'upgrade'));
    expect(events.all).toEqual([
      expect.objectContaining({ event: 'password_hashed', algorithm: 'argon2id', purpose: 'upgrade' }),
      expect.objectContaining({ event: 'password_hashed', algorithm: 'argon2id', purpose: 'verify' }),
    ]);
    for (const { queuedMs, durationMs } of events.all) {
      expect(queuedMs).toBeGreaterThanOrEqual(0);
      expect(durationMs).toBeGreaterThanOrEqual(0);
    }
  });
});
