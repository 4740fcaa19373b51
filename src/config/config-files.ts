import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { ConfigError, type ConfigProblem } from './config-error';
import { Layer } from './layer';
import { readYaml } from './yaml-file';

const DEFAULT = join('config', 'default.yaml');

/** What decides which files are read. */
export interface FileChoice {
  /** One file instead of the default and its overlay. */
  file?: string;
  environment: string;
  cwd: string;
}

/** Reads the chosen files, the later over the earlier; throws when one is not YAML, since nothing else can be judged then. */
export function readConfigFiles(choice: FileChoice): { layer: Layer; problems: ConfigProblem[] } {
  const layer = new Layer();
  const problems: ConfigProblem[] = [];
  const unreadable: ConfigProblem[] = [];
  for (const path of chosenFiles(choice)) {
    const name = shortName(path, choice.cwd);
    const read = readYaml(readText(path, name), name);
    unreadable.push(...read.problems);
    problems.push(...givenTwice(read.layer));
    layer.overlay(read.layer);
  }
  if (unreadable.length > 0) throw new ConfigError(unreadable);
  return { layer, problems };
}

/** Values given under both of their names in the same place. */
export function givenTwice(layer: Layer): ConfigProblem[] {
  return layer.contradictions().map(([one, other]) => ({
    ...other.origin,
    key: other.path.join('.'),
    message: `means the same as ${one.path.join('.')}${one.origin.line ? ` (line ${one.origin.line})` : ''}: remove one of the two`,
  }));
}

function chosenFiles({ file, environment, cwd }: FileChoice): string[] {
  if (file) return [resolve(cwd, file)];
  const overlay = join('config', `${environment}.yaml`);
  const inPackage = packageRoot();
  const own = existsSync(join(cwd, DEFAULT));
  const candidates = own ? [join(cwd, overlay)] : [join(cwd, overlay), join(inPackage, overlay)];
  return [join(own ? cwd : inPackage, DEFAULT), ...candidates.filter((path) => existsSync(path)).slice(0, 1)];
}

function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, DEFAULT)) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const message = `cannot be read (${(error as NodeJS.ErrnoException).code}): name an existing file with --config or LATCHKEY_CONFIG`;
    throw new ConfigError([{ file: name, key: '', message }]);
  }
}

function shortName(path: string, cwd: string): string {
  const name = relative(cwd, path);
  return name.startsWith('..') || isAbsolute(name) ? path : name;
}
