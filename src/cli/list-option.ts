import { InvalidArgumentError } from 'commander';

/** For options that may be repeated and hold several values with commas between them. */
export function listOf(given: string, before: readonly string[] = []): string[] {
  const items = given.split(',').map((item) => item.trim());
  return [...before, ...items.filter((item) => item !== '')];
}

/** For options that take a whole number of at least one. */
export function countOf(given: string): number {
  if (!/^[1-9]\d{0,5}$/.test(given)) throw new InvalidArgumentError('It is a whole number from 1 to 999999.');
  return Number(given);
}
