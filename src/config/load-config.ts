import type { Config } from './config';
import { ConfigError, type ConfigProblem } from './config-error';
import { givenTwice, readConfigFiles } from './config-files';
import { readOverrides } from './overrides';
import { resolveConfig } from './resolve-config';
import { dropEmpty, resolveVariables } from './resolve-layer';
import { validate } from './validate';
import { wellKnownVariables } from './well-known-variables';

export interface LoadOptions {
  /** One file instead of the default and its overlay; beats LATCHKEY_CONFIG. */
  file?: string;
  env?: NodeJS.ProcessEnv;
  /** Folder that relative paths start from. */
  cwd?: string;
  asRoot?: boolean;
}

/** The whole configuration, checked, or a ConfigError that names every problem. */
export function loadConfig(options: LoadOptions = {}): Config {
  const { env = process.env, cwd = process.cwd(), asRoot = process.getuid?.() === 0 } = options;
  const environment = environmentName(env);
  const files = readConfigFiles({ file: options.file || env.LATCHKEY_CONFIG, environment, cwd });
  const overrides = readOverrides({ variables: env, cwd });

  const layer = wellKnownVariables();
  layer.overlay(files.layer);
  for (const { path } of overrides.layer.all()) layer.remove(path);
  const unresolved = resolveVariables(layer, { variables: env, cwd });
  layer.overlay(overrides.layer);
  const dataDirNamed = layer.get(['data_dir'])?.origin.source !== undefined;
  dropEmpty(layer);

  const early = [...files.problems, ...overrides.problems, ...givenTwice(overrides.layer), ...unresolved];
  const { settings, problems } = validate(
    layer,
    environment,
    early.map(({ key }) => key),
  );
  if (early.length + problems.length > 0) throw new ConfigError(inReadingOrder([...early, ...problems]));
  return resolveConfig(settings, { environment, cwd, asRoot, dataDirNamed });
}

function environmentName({ NODE_ENV }: NodeJS.ProcessEnv): string {
  const name = NODE_ENV || 'development';
  if (/^\w[\w.-]*$/.test(name)) return name;
  const message = 'must be a plain word such as development or production, since it names a file';
  throw new ConfigError([{ source: 'NODE_ENV', key: '', message }]);
}

function inReadingOrder(problems: ConfigProblem[]): ConfigProblem[] {
  const place = ({ file = '', line = 0, column = 0 }: ConfigProblem) => ({ file, position: line * 1e4 + column });
  return problems.sort((a, b) => place(a).file.localeCompare(place(b).file) || place(a).position - place(b).position);
}
