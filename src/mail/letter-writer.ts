import type { Language, Letter, LetterFacts, WrittenLetter } from './letter';
import type { LetterTemplates } from './letter-templates';

const UNITS = [
  ['day', 24 * 60 * 60_000],
  ['hour', 60 * 60_000],
  ['minute', 60_000],
] as const;

/** Puts letters into words. */
export class LetterWriter {
  constructor(
    private readonly templates: LetterTemplates,
    private readonly language: Language,
  ) {}

  write(id: string, { kind, to, facts }: Letter): WrittenLetter {
    const words = wordsOf(facts, this.language);
    const fill = (part: 'subject' | 'text' | 'html'): string => this.templates.find(kind, this.language, part)(words);
    // A line break in a subject would begin another header.
    const subject = fill('subject')
      .replace(/[\s\p{Cc}\u2028\u2029]+/gu, ' ')
      .trim();
    return { id, to, subject, text: fill('text'), html: fill('html') };
  }
}

/** What templates see, in the snake_case of every file. */
function wordsOf({ ipAddress, life, at, ...facts }: LetterFacts, language: Language): object {
  return {
    ...facts,
    ip_address: ipAddress,
    life: life === undefined ? undefined : spanOf(life, language),
    time: at === undefined ? undefined : momentOf(at, language),
  };
}

/** In the largest unit that says it exactly, such as `30 minutes`. */
function spanOf(milliseconds: number, language: Language): string {
  const [unit, size] = UNITS.find(([, length]) => milliseconds >= length && milliseconds % length === 0) ?? UNITS[2];
  // A day is said as 24 hours: "tomorrow" is read as the end of it.
  const [said, span] = unit === 'day' && milliseconds === size ? UNITS[1] : [unit, size];
  const written = new Intl.NumberFormat(language, { style: 'unit', unit: said, unitDisplay: 'long' });
  return written.format(Math.round(milliseconds / span));
}

function momentOf(at: number, language: Language): string {
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${format.format(at)} UTC`;
}
