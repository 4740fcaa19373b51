/** Everything that is written to people, by its reason. */
export const LETTER_KINDS = [
  'verify',
  'registered_again',
  'reset',
  'change_old',
  'change_new',
  'new_device',
  'factor_changed',
  'password_changed',
  'email_changed',
  'invitation',
  'identity_linked',
] as const;

export type LetterKind = (typeof LETTER_KINDS)[number];

export type Language = 'en' | 'pt-BR';

/** What a letter may tell. Text that people chose is escaped wherever it is put into HTML. */
export interface LetterFacts {
  readonly name?: string | null;
  /** The address that the letter is about, where that is not the one it goes to. */
  readonly address?: string;
  readonly code?: string;
  readonly link?: string;
  /** Milliseconds for which the code is good. */
  readonly life?: number;
  /** Milliseconds since the epoch. */
  readonly at?: number;
  readonly device?: string | null;
  readonly ipAddress?: string | null;
  /** Name of the tenant that somebody is invited to. */
  readonly tenant?: string;
  /** What was changed, in a few words of the letter's reader. */
  readonly change?: string;
}

/** A letter as it waits: who it goes to, and what it tells. */
export interface Letter {
  readonly kind: LetterKind;
  readonly tenantId: string;
  /** Null: somebody who has no account yet. */
  readonly userId: string | null;
  /** The one address it goes to. */
  readonly to: string;
  readonly facts: LetterFacts;
}

/** A letter in its words. */
export interface WrittenLetter {
  /** Stays the same however often the letter is tried. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}
