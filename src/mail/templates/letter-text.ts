import type { LetterKind } from '../letter';

/** The words of one letter, each a Handlebars template: paragraphs, a button between them, the subject. */
export interface LetterText {
  readonly subject: string;
  readonly before: readonly string[];
  /** What the button says; letters without a link have none. */
  readonly action?: string;
  readonly after: readonly string[];
}

/** All letters in one language. */
export interface LetterBook {
  readonly letters: Readonly<Record<LetterKind, LetterText>>;
  /** Stands above the code. */
  readonly code: string;
}
