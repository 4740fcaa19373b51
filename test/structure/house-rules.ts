import * as ts from 'typescript';
import { cyclesIn, importsOf, NEST_PACKAGE, type Import } from './import-graph';
import { parse, walk, type SourceFile } from './source-tree';

/**
 * The layers, lowest first: a folder imports from folders below it and from itself. Every folder of src that is not
 * named here is an edge and stands at `EDGE`; edges do not import each other.
 */
const EDGE = 'an edge folder';
const LAYERS: readonly string[] = [
  NEST_PACKAGE,
  'src/common',
  'src/config',
  'src/database',
  'src/redis',
  'src/keys',
  'src/tenancy',
  'src/audit',
  'src/mail',
  'src/revocation',
  'src/protection',
  'src/identity',
  'src/clients',
  'src/strategy',
  'src/sign-in',
  EDGE,
  'src/app.module.ts',
  'src/create-app.ts',
  'src/main.ts',
  'src/cli',
];

/** Who may read `auth.mode`: everyone else asks the strategies. */
const MODE_READERS = [/^src\/config\//, /^src\/strategy\/strategy\.module\.ts$/];
const ENVIRONMENT_READERS = [/^src\/config\//, /^src\/cli\/latchkey\.ts$/, /^packages\/nest\/src\/testing\//];
const CLOCK = [/^packages\/nest\/src\/clock\.ts$/];

const HTTP_MODULE = /^(fastify|@fastify\/.*|express|@nestjs\/platform-.*)$/;
/** What the sub-paths for sockets are built upon. */
const GATEWAY_ADAPTER = /^@nestjs\/platform-(ws|socket\.io)$/;
const HTTP_NAME =
  /(Exception|^(HttpStatus|HttpCode|Controller|Get|Post|Put|Patch|Delete|Re[qs]|Request|Response|Header|Redirect|AUTH_ERROR_STATUS))$/;
/** The sub-path for applications with TypeORM. */
const TYPEORM_PATH = /^packages\/nest\/src\/typeorm\//;
const DATABASE_MODULE = /^(typeorm|pg|@nestjs\/typeorm)(\/|$)/;
const VAGUE_FOLDER = /\/(utils?|types|interfaces|constants|helpers)\//;
const MAX_LINES = 300;

export interface Violation {
  readonly rule: string;
  readonly path: string;
  readonly detail: string;
}

type Rule = (file: SourceFile) => string[];

/** Judges one import: the answer is what is wrong with it. */
type ImportRule = (path: string, imported: Import) => string | undefined;

function layerOf(path: string): { name: string; height: number } {
  const named = LAYERS.findIndex((layer) => path === layer || path.startsWith(`${layer}/`));
  if (named >= 0) return { name: LAYERS[named]!, height: named };
  return { name: path.split('/').slice(0, 2).join('/'), height: LAYERS.indexOf(EDGE) };
}

const downwards: ImportRule = (path, { specifier, target }) => {
  if (!target) return undefined;
  if (target.startsWith('migrations/') && path.startsWith('src/database/')) return undefined;
  if (!/^(src|packages\/nest)(\/|$)/.test(target)) return `${specifier} is not part of the service`;
  const [from, to] = [layerOf(path), layerOf(target)];
  if (specifier.startsWith('.') && from.name !== to.name && to.name === NEST_PACKAGE)
    return 'import @latchkey/nest by name';
  return from.name === to.name || to.height < from.height ? undefined : `${from.name} must not import ${to.name}`;
};

const strategiesApart: ImportRule = (path, { target = '' }) => {
  const kind = target.match(/^src\/strategy\/(jwt|session)\//)?.[1];
  if (!kind || path.startsWith(`src/strategy/${kind}/`)) return undefined;
  if (path.startsWith('src/strategy/') && !/^src\/strategy\/(jwt|session)\//.test(path)) return undefined;
  return `only src/strategy's own files may import ${target}`;
};

const noHttpBelowTheEdge: ImportRule = (path, { specifier, names }) => {
  const { name, height } = layerOf(path);
  if (height >= LAYERS.indexOf(EDGE)) return undefined;
  if (GATEWAY_ADAPTER.test(specifier) && path.startsWith(`${NEST_PACKAGE}/src/sockets/`)) return undefined;
  if (HTTP_MODULE.test(specifier)) return `${specifier} is HTTP`;
  // The package holds the guard and the filter that every HTTP application shares, whatever its adapter.
  if (name === NEST_PACKAGE || !/^@(nestjs\/common|latchkey\/nest)$/.test(specifier)) return undefined;
  const http = names.filter((imported) => HTTP_NAME.test(imported));
  return http.length > 0 ? `${http.join(', ')} is HTTP` : undefined;
};

const packageStandsAlone: ImportRule = (path, { specifier, target = '' }) => {
  if (!path.startsWith('packages/')) return undefined;
  if (specifier === 'typeorm' && TYPEORM_PATH.test(path)) return undefined;
  const forbidden = DATABASE_MODULE.test(specifier) || /^argon2|^bcrypt/.test(specifier) || target.startsWith('src/');
  return forbidden ? `a package for every NestJS application must not need ${specifier}` : undefined;
};

const databaseInStores: ImportRule = (path, { specifier }) => {
  if (!DATABASE_MODULE.test(specifier) || path.startsWith('packages/')) return undefined;
  if (/\.store\.ts$|^src\/database\//.test(path)) return undefined;
  if (specifier === 'typeorm' && /\.entity\.ts$|^migrations\//.test(path)) return undefined;
  if (specifier === '@nestjs/typeorm' && path.endsWith('.module.ts')) return undefined;
  return `${specifier} belongs to a *.store.ts file or src/database`;
};

const redisInItsFolder: ImportRule = (path, { specifier }) =>
  specifier === 'ioredis' && !path.startsWith('src/redis/') ? 'ask a RedisConnection: it never waits long' : undefined;

const migrationsStandAlone: ImportRule = (path, { specifier, target }) =>
  path.startsWith('migrations/') && (target || specifier.startsWith('@latchkey/'))
    ? `a migration must not change with the code: ${specifier}`
    : undefined;

const judgeImports =
  (rule: ImportRule): Rule =>
  (file) =>
    importsOf(file).flatMap((imported) => rule(file.path, imported) ?? []);

/** Reports each node that `matches` in service files other than the readers. */
const onlyIn =
  (readers: readonly RegExp[], within: RegExp, matches: (node: ts.Node) => boolean): Rule =>
  (file) => {
    const found: string[] = [];
    if (!within.test(file.path) || readers.some((reader) => reader.test(file.path))) return found;
    walk(parse(file), (node) => matches(node) && found.push(node.getText()));
    return found;
  };

const isMember = (node: ts.Node, shape: RegExp): boolean =>
  (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) &&
  shape.test(
    node
      .getText()
      .replace(/[\s?!]/g, '')
      .replace(/\.?\[['"](\w+)['"]\]/g, '.$1'),
  );

/** `const { name } = source`, where the source's text ends as given. */
const takesApart = (node: ts.Node, source: RegExp, name: string): boolean =>
  ts.isVariableDeclaration(node) &&
  ts.isObjectBindingPattern(node.name) &&
  source.test(node.initializer?.getText() ?? '') &&
  node.name.elements.some((element) => (element.propertyName ?? element.name).getText() === name);

const readsEnvironment = (node: ts.Node): boolean =>
  isMember(node, /^(globalThis\.)?process\.env$/) || takesApart(node, /^(globalThis\.)?process$/, 'env');

const readsMode = (node: ts.Node): boolean =>
  isMember(node, /(^|\.)auth\.mode$/) || takesApart(node, /(^|\.)auth$/, 'mode');

const readsTime = (node: ts.Node): boolean =>
  isMember(node, /^(Date\.now|performance\.now|process\.(hrtime|uptime))$/) ||
  (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) ||
  (ts.isCallExpression(node) && node.expression.getText() === 'Date');

const SERVICE = /^(src|packages|migrations)\//;

const RULES: Record<string, Rule> = {
  'imports point down': judgeImports(downwards),
  'strategies stay apart': judgeImports(strategiesApart),
  'no HTTP below the edge': judgeImports(noHttpBelowTheEdge),
  'the package stands alone': judgeImports(packageStandsAlone),
  'the database is touched in stores': judgeImports(databaseInStores),
  'Redis is touched in its folder': judgeImports(redisInItsFolder),
  'migrations stand alone': judgeImports(migrationsStandAlone),
  'one clock': onlyIn(CLOCK, SERVICE, readsTime),
  'one reader of the environment': onlyIn(ENVIRONMENT_READERS, SERVICE, readsEnvironment),
  'one reader of the mode': onlyIn(MODE_READERS, /^src\//, readsMode),
  'no barrels': ({ path, text }) =>
    path.startsWith('src/') && (path.endsWith('/index.ts') || /^export \* from/m.test(text)) ? ['import the file'] : [],
  'folders say what they hold': ({ path }) => (VAGUE_FOLDER.test(path) ? ['name the folder after its subject'] : []),
  'two folder levels': ({ path }) => (/^src(\/[^/]+){4,}$/.test(path) ? ['at most src/a/b/file.ts'] : []),
  'short files': ({ text }) => (text.split('\n').length - 1 > MAX_LINES ? [`more than ${MAX_LINES} lines`] : []),
};

/** Every rule's violations in these files. Specs are not given: they may stand outside the house. */
export function checkHouse(files: readonly SourceFile[]): Violation[] {
  const broken = files.flatMap((file) =>
    Object.entries(RULES).flatMap(([rule, check]) => check(file).map((detail) => ({ rule, path: file.path, detail }))),
  );
  const cycles = cyclesIn(files).map((cycle) => ({ rule: 'no cycles', path: cycle.split(' → ')[0]!, detail: cycle }));
  return [...broken, ...cycles];
}

export const RULE_NAMES: readonly string[] = [...Object.keys(RULES), 'no cycles'];
