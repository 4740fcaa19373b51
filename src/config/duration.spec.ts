import fc from 'fast-check';
import { formatDuration, parseDuration } from './duration';

describe('durations', () => {
  it.each([
    ['0s', 0],
    ['250ms', 250],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ])('%s', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  it('come back exactly from their text', () => {
    fc.assert(fc.property(fc.nat({ max: 3650 * 86_400_000 }), (time) => parseDuration(formatDuration(time)) === time));
  });

  it('are written with the largest unit that fits', () => {
    const units = fc.constantFrom(['d', 86_400_000] as const, ['h', 3_600_000] as const, ['m', 60_000] as const);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        units,
        (count, [unit, size]) => formatDuration(count * size) === `${count}${unit}`,
      ),
    );
  });

  it('are nothing else', () => {
    fc.assert(fc.property(fc.string(), (text) => /^\d+(ms|s|m|h|d)$/.test(text) || parseDuration(text) === null));
  });
});
