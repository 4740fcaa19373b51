import type { KeyLife } from './key-life';
import { stateOf, verifies } from './key-life';
import { LEARNED_AFTER, nextKeyFrom, signingKey, type KeyPolicy } from './key-schedule';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const AHEAD = HOUR + LEARNED_AFTER;
const RS256: KeyPolicy = { algorithm: 'RS256', configuredId: null, rotateEvery: 90 * DAY, publishAhead: HOUR };

function life(difference: Partial<KeyLife>): KeyLife {
  return {
    id: 'a',
    algorithm: 'RS256',
    configured: false,
    createdAt: 0,
    signsFrom: 0,
    signsUntil: null,
    publishedUntil: null,
    verifiesUntil: null,
    retiredAt: null,
    lastSigningAt: 0,
    sealedBy: 'root',
    ...difference,
  };
}

describe('the life of a key', () => {
  const whole = life({ signsFrom: 10, signsUntil: 20, publishedUntil: 30, verifiesUntil: 40 });

  it.each([
    [9, 'published', true, true],
    [10, 'signing', true, true],
    [19, 'signing', true, true],
    [20, 'retiring', true, true],
    [29, 'retiring', true, true],
    [30, 'refresh_only', false, true],
    [39, 'refresh_only', false, true],
    [40, 'retired', false, false],
  ] as const)('at %i it is %s', (now, state, access, refresh) => {
    expect(stateOf(whole, now)).toBe(state);
    expect([verifies(state, 'access'), verifies(state, 'refresh')]).toEqual([access, refresh]);
  });

  it('ends early by hand', () => expect(stateOf({ ...whole, retiredAt: 12 }, 12)).toBe('retired'));
  it('retires nothing before its ends are known', () =>
    expect(stateOf(life({ signsUntil: 20 }), 1e15)).toBe('retiring'));
});

describe('the next key', () => {
  it('signs at once where there is none', () => expect(nextKeyFrom([], 5, RS256)).toBe(5));
  it('is not made while the last is young', () => {
    expect(nextKeyFrom([life({})], 90 * DAY - AHEAD - 1, RS256)).toBeNull();
  });
  it('is made ahead, and signs when the last one is as old as configured', () => {
    expect(nextKeyFrom([life({})], 90 * DAY - AHEAD, RS256)).toBe(90 * DAY);
  });
  it('is announced just as long when the service slept through the time', () => {
    expect(nextKeyFrom([life({})], 200 * DAY, RS256)).toBe(200 * DAY + AHEAD);
  });
  it('is not made twice', () => {
    const lives = [life({ signsUntil: 90 * DAY }), life({ id: 'b', signsFrom: 90 * DAY })];
    expect(nextKeyFrom(lives, 90 * DAY - 1, RS256)).toBeNull();
  });
  it('of another algorithm is announced, because readers do not know it', () => {
    expect(nextKeyFrom([life({})], DAY, { ...RS256, algorithm: 'ES256' })).toBe(DAY + AHEAD);
  });
  it('of a secret is only waited for until the fleet has it', () => {
    const policy = { ...RS256, algorithm: 'HS256', configuredId: 's' } as const;
    expect(nextKeyFrom([life({})], DAY, policy)).toBe(DAY + LEARNED_AFTER);
  });
  it('never follows a configured secret by itself', () => {
    const policy = { ...RS256, algorithm: 'HS256', configuredId: 's' } as const;
    expect(nextKeyFrom([life({ id: 's', algorithm: 'HS256', configured: true })], 900 * DAY, policy)).toBeNull();
  });
  it('takes no account of a retired one', () => expect(nextKeyFrom([life({ retiredAt: 3 })], 5, RS256)).toBe(5));
});

describe('the key that signs', () => {
  const named = (...lives: KeyLife[]): { life: KeyLife }[] => lives.map((each) => ({ life: each }));
  const pick = (now: number, policy: KeyPolicy, ...lives: KeyLife[]): string | undefined =>
    signingKey(named(...lives), now, policy)?.life.id;

  it('changes at the announced moment', () => {
    const lives = [life({ signsUntil: DAY }), life({ id: 'b', signsFrom: DAY })];
    expect([pick(DAY - 1, RS256, ...lives), pick(DAY, RS256, ...lives)]).toEqual(['a', 'b']);
  });
  it('is the old algorithm’s until the new one’s was announced long enough', () => {
    const lives = [life({}), life({ id: 'e', algorithm: 'ES256', signsFrom: DAY })];
    const policy = { ...RS256, algorithm: 'ES256' } as const;
    expect([pick(DAY - 1, policy, ...lives), pick(DAY, policy, ...lives)]).toEqual(['a', 'e']);
  });
  it('is an announced one when nothing else can sign', () => {
    expect(pick(1, RS256, life({ retiredAt: 1 }), life({ id: 'b', signsFrom: DAY }))).toBe('b');
  });
  it('is never one that was retired or has ended', () => {
    expect(pick(DAY, RS256, life({ retiredAt: 1 }), life({ id: 'b', signsUntil: 5 }))).toBeUndefined();
  });
});
