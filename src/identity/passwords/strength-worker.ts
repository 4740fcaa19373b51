import type * as workerThreads from 'node:worker_threads';
import type { ZxcvbnFactory } from '@zxcvbn-ts/core';

/** Feedback is written in these. */
export type PasswordLanguage = 'en' | 'pt';

/** A new password and what a stranger knows of its owner. */
export interface StrengthQuestion {
  readonly password: string;
  readonly inputs: readonly string[];
  readonly language: PasswordLanguage;
}

/** How hard a password is to guess: 0 is at once, 4 is very hard. */
export interface Strength {
  readonly score: number;
  readonly warning: string | null;
  readonly suggestions: readonly string[];
}

/** Where the worker finds its libraries, as absolute paths. */
export interface StrengthLibraries {
  readonly core: string;
  readonly common: string;
  readonly en: string;
  readonly pt: string;
}

interface Texts {
  readonly warnings: Record<string, string>;
  readonly suggestions: Record<string, string>;
  readonly timeEstimation: object;
}

interface Language {
  readonly dictionary: Record<string, (string | number)[]>;
  readonly translations: Texts;
}

interface Common extends Pick<Language, 'dictionary'> {
  readonly adjacencyGraphs: Record<string, Record<string, (string | null)[]>>;
}

// With the library's own 100, one hundred characters take two seconds and more; with 10 they take less than half of one.
const MOST_SUBSTITUTIONS = 10;

/** The program of the worker. It is handed over as text: it reaches nothing but what it is called with. */
function answerQuestions(load: NodeJS.Require, mostSubstitutions: number): void {
  const { parentPort, workerData } = load('node:worker_threads') as typeof workerThreads;
  const paths = workerData as StrengthLibraries;
  const { ZxcvbnFactory: Factory } = load(paths.core) as { ZxcvbnFactory: typeof ZxcvbnFactory };
  const [common, en, pt] = [load(paths.common) as Common, load(paths.en) as Language, load(paths.pt) as Language];
  const texts = { en: en.translations, pt: pt.translations };
  const names = (of: object) => Object.fromEntries(Object.keys(of).map((key) => [key, key]));
  // Feedback comes back as keys, so that one set of dictionaries serves both languages.
  const keys = { ...en.translations, warnings: names(texts.en.warnings), suggestions: names(texts.en.suggestions) };
  const judge = new Factory({
    dictionary: Object.assign({}, common.dictionary, en.dictionary, pt.dictionary),
    graphs: common.adjacencyGraphs,
    translations: keys as never,
    l33tMaxSubstitutions: mostSubstitutions,
  });
  parentPort?.on('message', ({ password, inputs, language }: StrengthQuestion) => {
    const { score, feedback } = judge.check(password, [...inputs]);
    const { warnings, suggestions } = texts[language];
    parentPort.postMessage({
      score,
      warning: feedback.warning ? (warnings[feedback.warning] ?? null) : null,
      suggestions: feedback.suggestions.map((key) => suggestions[key] ?? key),
    } satisfies Strength);
  });
}

/** What the worker runs. */
export const STRENGTH_PROGRAM = `(${answerQuestions.toString()})(require, ${MOST_SUBSTITUTIONS})`;
