import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { LETTER_KINDS, type Language, type LetterKind } from './letter';
import { EN } from './templates/en';
import type { LetterBook, LetterText } from './templates/letter-text';
import { PT_BR } from './templates/pt-br';

const PARTS = ['subject', 'text', 'html'] as const;

type Part = (typeof PARTS)[number];

/** Fills one part of a letter in. */
export type Fill = (facts: object) => string;

const BOOKS: Readonly<Record<Language, LetterBook>> = { en: EN, 'pt-BR': PT_BR };
const KNOWN = new Set(
  LETTER_KINDS.flatMap((kind) => Object.keys(BOOKS).flatMap((of) => PARTS.map((part) => fileOf(kind, of, part)))),
);

/**
 * The words of every letter: the service's own, or the files `<kind>.<language>.<part>.hbs` of a folder, where `part` is
 * `subject`, `text` or `html`. Everything is read and checked at once: a mistake stops the start, not a letter.
 */
export class LetterTemplates {
  private readonly fills: ReadonlyMap<string, Fill>;

  constructor(folder?: string) {
    const own = folder === undefined ? new Map<string, string>() : readFolder(folder);
    this.fills = new Map([...KNOWN].map((file) => [file, compiled(file, own.get(file) ?? builtIn(file))]));
  }

  find(kind: LetterKind, language: Language, part: Part): Fill {
    return this.fills.get(fileOf(kind, language, part)) as Fill;
  }
}

function fileOf(kind: string, language: string, part: string): string {
  return `${kind}.${language}.${part}.hbs`;
}

/** Only HTML escapes: a subject or a text with `&amp;` in it would be wrong. */
function compiled(file: string, template: string): Fill {
  try {
    // Nothing to run and nothing to reach but the facts: their own properties, no prototypes, no partials.
    const options = { noEscape: !file.endsWith('.html.hbs'), knownHelpersOnly: true };
    Handlebars.precompile(template, options);
    return Handlebars.compile(template, options);
  } catch (error) {
    throw new Error(`mail.templates_dir: ${file} is no template: ${(error as Error).message}`, { cause: error });
  }
}

function readFolder(folder: string): Map<string, string> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.hbs'));
  const strange = files.find((file) => !KNOWN.has(file));
  if (strange) throw new Error(`mail.templates_dir: there is no letter for ${strange}`);
  return new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}

function builtIn(file: string): string {
  const [kind, language, part] = file.split('.') as [LetterKind, Language, Part];
  const book = BOOKS[language];
  const letter = book.letters[kind];
  if (part === 'subject') return letter.subject;
  return part === 'text' ? textOf(letter, book) : htmlOf(letter, book, language);
}

function textOf({ before, action, after }: LetterText, { code }: LetterBook): string {
  const link = action === undefined ? [] : [`${action}:\n{{link}}`, `${code}\n{{code}}`];
  return `${[...before, ...link, ...after].join('\n\n')}\n`;
}

/** Plain on purpose: no images, nothing that is fetched, readable on any background. */
function htmlOf({ subject, before, action, after }: LetterText, { code }: LetterBook, language: Language): string {
  const paragraph = (text: string): string => `<p>${text}</p>`;
  const link =
    action === undefined ? [] : [`<p><a href="{{link}}">${action}</a></p>`, `<p>${code}<br><code>{{code}}</code></p>`];
  const body = [...before.map(paragraph), ...link, ...after.map(paragraph)].join('\n');
  return `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${subject}</title></head>
<body style="font-family:sans-serif;line-height:1.5;max-width:36em;margin:0 auto;padding:1em">
${body}
</body>
</html>
`;
}
