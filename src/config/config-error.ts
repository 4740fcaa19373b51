/** Where a value came from: a place in a file, or an environment variable. */
export interface Origin {
  /** Path of the file, relative to the working directory when it lies below it. */
  file?: string;
  line?: number;
  column?: number;
  /** Environment variables that gave the value. */
  source?: string;
}

/** One mistake in the configuration; the message says how to mend it and never holds a value of a secret. */
export interface ConfigProblem extends Origin {
  /** Dotted path such as `auth.session.ttl`; empty when the whole file is meant. */
  key: string;
  message: string;
}

/** The configuration cannot be used; holds every problem that was found, not only the first. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super([`The configuration has ${count}:`, ...problems.map((problem) => `  ${describe(problem)}`)].join('\n'));
  }
}

function describe({ file, line, column, source, key, message }: ConfigProblem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const where = [place, source && (place ? `(from ${source})` : source)].filter(Boolean).join(' ');
  return [where && `${where}:`, key, message].filter(Boolean).join(' ');
}
