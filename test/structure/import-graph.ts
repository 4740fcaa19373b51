import { posix } from 'node:path';
import * as ts from 'typescript';
import { parse, walk, type SourceFile } from './source-tree';

/** One import, re-export, `require()`, `import()` or import type. */
export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Names taken from the module; `*` for all of it. */
  readonly names: readonly string[];
  /** Path of the file or package folder meant, when it is ours. */
  readonly target?: string;
}

export const NEST_PACKAGE = 'packages/nest';
const OWN_PACKAGES: Record<string, string> = { '@latchkey/nest': NEST_PACKAGE };

export function importsOf(file: SourceFile): Import[] {
  const imports: Import[] = [];
  walk(parse(file), (node) => {
    const read = readImport(node);
    if (read) imports.push({ ...read, target: targetOf(file.path, read.specifier) });
  });
  return imports;
}

function readImport(node: ts.Node): { specifier: string; names: string[] } | undefined {
  if (ts.isImportDeclaration(node)) return found(node.moduleSpecifier, namesOf(node.importClause?.namedBindings));
  if (ts.isExportDeclaration(node)) return found(node.moduleSpecifier, namesOf(node.exportClause));
  if (ts.isExternalModuleReference(node)) return found(node.expression, ['*']);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return found(node.argument.literal, ['*']);
  if (ts.isCallExpression(node) && isLoad(node.expression)) return found(node.arguments[0], ['*']);
  return undefined;
}

function found(specifier: ts.Node | undefined, names: string[]): { specifier: string; names: string[] } | undefined {
  return specifier && ts.isStringLiteralLike(specifier) ? { specifier: specifier.text, names } : undefined;
}

function isLoad(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isPropertyAccessExpression(callee)) return isLoad(callee.expression);
  return ts.isIdentifier(callee) && callee.text === 'require';
}

function namesOf(bindings: ts.NamedImportBindings | ts.NamedExportBindings | undefined): string[] {
  if (!bindings || !('elements' in bindings)) return ['*'];
  return [...bindings.elements].map((element) => (element.propertyName ?? element.name).text);
}

function targetOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return OWN_PACKAGES[specifier];
  const path = posix.join(posix.dirname(from), specifier).replace(/\.js$/, '');
  return /\.\w*(ts|json|mjs)$/.test(path) ? path : `${path}.ts`;
}

/** One path through each cycle found, as `a → b → a`. */
export function cyclesIn(files: readonly SourceFile[]): string[] {
  const edges = new Map(files.map((file) => [file.path, importsOf(file).flatMap(({ target }) => target ?? [])]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' → '));
    if (start >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return cycles;
}
