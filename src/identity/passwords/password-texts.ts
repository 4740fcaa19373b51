import type { PasswordLanguage, Strength } from './strength-worker';

/** Why a new password is refused; also what the event and the problem document say. */
export type PasswordRefusal = 'too_short' | 'too_weak' | 'breached';

interface Texts {
  readonly subject: string;
  readonly too_short: (minLength: number) => string;
  readonly too_weak: string;
  readonly breached: string;
}

const TEXTS: Readonly<Record<PasswordLanguage, Texts>> = {
  en: {
    subject: 'The password',
    too_short: (minLength) => `must be at least ${minLength} characters long`,
    too_weak: 'is too easy to guess',
    breached: 'has appeared in a data breach: choose another one, and change it wherever else it is used',
  },
  pt: {
    subject: 'A senha',
    too_short: (minLength) => `deve ter pelo menos ${minLength} caracteres`,
    too_weak: 'é fácil demais de adivinhar',
    breached: 'apareceu em um vazamento de dados: escolha outra e troque-a onde mais for usada',
  },
};

/** The sentence for people, and the same without its subject for the field. */
export interface RefusalText {
  readonly sentence: string;
  readonly field: string;
}

export function shortText(language: PasswordLanguage, minLength: number): RefusalText {
  return textOf(language, TEXTS[language].too_short(minLength));
}

/** Says what makes it weak and what would make it better, as far as that is known. */
export function weakText(language: PasswordLanguage, { warning, suggestions }: Strength): RefusalText {
  return textOf(language, [TEXTS[language].too_weak, warning, ...suggestions].filter(Boolean).map(closed).join(' '));
}

export function breachedText(language: PasswordLanguage): RefusalText {
  return textOf(language, TEXTS[language].breached);
}

/** Portuguese for whoever prefers it in `Accept-Language`; English for everybody else. */
export function passwordLanguage(acceptLanguage: string | undefined): PasswordLanguage {
  const ranges = (acceptLanguage ?? '').slice(0, 200).split(',').map(rangeOf);
  const weightOf = (tag: string) => Math.max(0, ...ranges.filter((range) => range.tag === tag).map(({ q }) => q));
  return weightOf('pt') > weightOf('en') ? 'pt' : 'en';
}

function rangeOf(text: string): { tag: string; q: number } {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  return { tag: range.split('-')[0] as string, q: weight === undefined ? 1 : Number(weight.slice(2)) || 0 };
}

function textOf(language: PasswordLanguage, field: string): RefusalText {
  return { sentence: `${TEXTS[language].subject} ${field}`, field };
}

function closed(sentence: string | null): string {
  return /[.!?]$/.test(sentence ?? '') ? (sentence as string) : `${sentence}.`;
}
