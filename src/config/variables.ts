import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const REFERENCE = /\$\$\{|\$\{([^}]*)\}|\$\{/g;
const INSIDE = /^([A-Za-z_]\w*)(?:(:-|:\?)(.*))?$/s;

/** What the environment offers: its variables, and the folder that relative paths of `…_FILE` start from. */
export interface Environment {
  variables: Readonly<Record<string, string | undefined>>;
  cwd: string;
}

/** A value cannot be taken from the environment; the message names the variable and the mend. */
export class VariableError extends Error {}

/** Text whose `${VAR}`, `${VAR:-default}` and `${VAR:?message}` are replaced; `$${` is a literal `${`. */
export interface Interpolated {
  text: string;
  /** Variables whose value was used. */
  used: string[];
  /** True when the text was one reference and nothing else. */
  whole: boolean;
}

/** Replaces the references in a text, or throws a VariableError. */
export function interpolate(text: string, environment: Environment): Interpolated {
  const used: string[] = [];
  const replaced = text.replace(REFERENCE, (reference: string, inside: string | undefined) => {
    if (reference === '$${') return '${';
    const [, name, operator, rest] = INSIDE.exec(inside ?? '') ?? [];
    if (!name || rest?.includes('${')) {
      throw new VariableError(
        'has a reference that cannot be read: write ${VAR}, ${VAR:-default} or ${VAR:?message}, not nested',
      );
    }
    const found = readVariable(name, environment);
    if (found) used.push(found.source);
    return found?.value || fallback(name, operator, rest, found?.value);
  });
  return { text: replaced, used, whole: /^\$\{[^}]*\}$/.test(text) };
}

/** The value of VAR, or of the file that VAR_FILE names; undefined when neither is set. */
export function readVariable(name: string, environment: Environment): { value: string; source: string } | undefined {
  const value = environment.variables[name];
  const file = environment.variables[`${name}_FILE`];
  if (value && file) throw new VariableError(`has two values: unset either ${name} or ${name}_FILE`);
  if (!file) return value === undefined ? undefined : { value, source: name };
  return { value: readSecretFile(`${name}_FILE`, file, environment.cwd), source: `${name}_FILE` };
}

function readSecretFile(name: string, file: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8').replace(/[\r\n]+$/, '');
  } catch (error) {
    throw new VariableError(
      `cannot be read from ${file}, which ${name} names (${(error as NodeJS.ErrnoException).code})`,
    );
  }
}

function fallback(
  name: string,
  operator: string | undefined,
  rest: string | undefined,
  value: string | undefined,
): string {
  if (operator === ':-') return rest ?? '';
  if (operator === ':?') throw new VariableError(`needs ${name} to be set: ${rest || 'it has no value'}`);
  if (value === undefined)
    throw new VariableError(`needs ${name}, which is not set: set it, or write \${${name}:-} where it may be empty`);
  return value;
}
