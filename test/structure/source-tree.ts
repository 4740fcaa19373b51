import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import * as ts from 'typescript';

export const REPOSITORY = join(__dirname, '../..');

/** A file as the checks see it: path from the repository's root with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '.git', '.latchkey']);

/** Every file below `folder` (from the repository's root) whose path matches, without what tools made. */
export function readTree(folder: string, matching: RegExp): SourceFile[] {
  const found: SourceFile[] = [];
  for (const entry of readdirSync(join(REPOSITORY, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !NOT_OURS.has(entry.name)) found.push(...readTree(path, matching));
    if (entry.isFile() && matching.test(path)) found.push(readSource(path));
  }
  return found;
}

export function readSource(path: string): SourceFile {
  return {
    path: relative('.', path).split(sep).join('/'),
    text: readFileSync(join(REPOSITORY, path), 'utf8'),
  };
}

export function parse(file: SourceFile): ts.SourceFile {
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
}

/** Calls `see` for the node and everything below it. */
export function walk(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => walk(child, see));
}
