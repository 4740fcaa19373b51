import type { ConfigProblem } from './config-error';
import { Layer, type Path } from './layer';
import { describedAt } from './schema-walk';
import { valueOfText } from './text-value';
import { readVariable, VariableError, type Environment } from './variables';

const PREFIX = 'LATCHKEY__';
const FILE_SUFFIX = /_FILE$/;

/** The layer of `LATCHKEY__AUTH__MODE=…` and `LATCHKEY__AUTH__SECRET_FILE=…`: two underscores separate levels. */
export function readOverrides(environment: Environment): { layer: Layer; problems: ConfigProblem[] } {
  const layer = new Layer();
  const { variables, problems } = upperCased(environment);
  for (const name of settingNames(variables)) {
    const path = pathOf(name);
    try {
      const { value, source } = readVariable(name, { ...environment, variables })!;
      layer.markKey(path, { source });
      layer.set({ path, value: valueOfText(value, path), origin: { source } });
    } catch (error) {
      if (!(error instanceof VariableError)) throw error;
      problems.push({ source: name, key: path.join('.'), message: error.message });
    }
  }
  return { layer, problems };
}

function upperCased({ variables }: Environment) {
  const own: Record<string, string> = {};
  const problems: ConfigProblem[] = [];
  for (const [name, value] of Object.entries(variables)) {
    const upper = name.toUpperCase();
    if (!upper.startsWith(PREFIX) || value === undefined) continue;
    const message = 'is set twice, in upper and in lower case: unset one of the two';
    if (Object.hasOwn(own, upper)) problems.push({ source: upper, key: pathOf(upper).join('.'), message });
    own[upper] = value;
  }
  return { variables: own, problems };
}

/** Deepest first, so that a block set as a whole is not lost behind one of its keys. */
function settingNames(variables: Record<string, string>): string[] {
  const isFile = (name: string) => FILE_SUFFIX.test(name) && !describedAt(pathOf(name));
  const names = Object.keys(variables).map((name) => (isFile(name) ? name.replace(FILE_SUFFIX, '') : name));
  return [...new Set(names)].sort().reverse();
}

function pathOf(name: string): Path {
  return name.slice(PREFIX.length).toLowerCase().split('__');
}
