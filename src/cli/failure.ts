import { AuthError, type FieldError } from '@latchkey/nest';
import { CommanderError } from 'commander';
import { scrubSecrets } from '../common/scrub-secrets';
import { ConfigError, type ConfigProblem } from '../config/config-error';
import { DatabaseStartError } from '../database/database-start-error';
import { isInfrastructureFailure } from '../database/infrastructure-failure';

/** What the process ends with. Documented in docs/cli.md; scripts rely on it. */
export const EXIT = { ok: 0, failed: 1, usage: 2, configuration: 3, database: 4 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command was not given as it must be. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Why a command failed, as `--json` tells it. */
export interface Failure {
  readonly code: string;
  readonly detail: string;
  readonly exit_code: ExitCode;
  readonly errors?: readonly (FieldError | ConfigProblem)[];
}

/** Reads whatever was thrown. No stack, and nothing that has the shape of a secret. */
export function failureOf(thrown: unknown): Failure {
  const failure = judged(thrown);
  return { ...failure, detail: scrubSecrets(failure.detail) };
}

function judged(thrown: unknown): Failure {
  if (thrown instanceof UsageError) return { code: 'usage', detail: thrown.message, exit_code: EXIT.usage };
  if (thrown instanceof CommanderError) return { code: 'usage', detail: usageOf(thrown), exit_code: EXIT.usage };
  if (thrown instanceof ConfigError) {
    const { message: detail, problems: errors } = thrown;
    return { code: 'invalid_configuration', detail, exit_code: EXIT.configuration, errors };
  }
  if (thrown instanceof DatabaseStartError || isInfrastructureFailure(thrown)) {
    return { code: 'unavailable', detail: oneLine(thrown), exit_code: EXIT.database };
  }
  if (thrown instanceof AuthError) return refused(thrown);
  return { code: 'internal_error', detail: oneLine(thrown), exit_code: EXIT.failed };
}

function refused({ code, message, errors = [], cause }: AuthError): Failure {
  const reasons = errors.map(({ pointer, message: reason }) => `${pointer.replace(/^\//, '')} ${reason}`);
  const detail = code === 'validation_failed' && reasons.length > 0 ? `${message}: ${reasons.join('; ')}` : message;
  const unreachable = code === 'unavailable' && isInfrastructureFailure(cause);
  const exit_code = unreachable ? EXIT.database : EXIT.failed;
  return { code, detail, exit_code, ...(errors.length > 0 && { errors }) };
}

/** Commander repeats the argument that it did not know, and that may be a password somebody meant to give. */
function usageOf({ code, message }: CommanderError): string {
  if (code === 'commander.help') return 'Which command? See latchkey --help';
  const words = message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  if (/'--?(password|token|secret)\b/.test(words)) {
    return 'Passwords and tokens are never arguments, which every user of the machine can read: use --password-stdin, or - for a token';
  }
  return words.replace(/(--[\w-]+)=[^']*/g, '$1').replace(/^./, (letter) => letter.toUpperCase());
}

function oneLine(thrown: unknown): string {
  const { message, errors } = Object(thrown) as { message?: string; errors?: unknown[] };
  const text = message || (errors?.length ? oneLine(errors[0]) : String(thrown));
  return text.split('\n')[0] as string;
}
