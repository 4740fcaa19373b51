import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml';
import type { ConfigProblem, Origin } from './config-error';
import { Layer, type Path } from './layer';

const MESSAGES: Record<string, string> = {
  DUPLICATE_KEY: 'is given twice: remove one of the two',
  TAB_AS_INDENT: 'is indented with a tab: use spaces',
  BAD_INDENT: 'is not indented like its neighbours',
  MISSING_CHAR: 'lacks a closing quote, bracket, comma or colon',
  MULTIPLE_DOCS: 'starts a second document: keep one document in a file',
  BAD_SCALAR_START: 'begins with a reserved character: put the value in quotes',
};

interface Reading {
  document: Document.Parsed;
  place: (node: Node | null | undefined) => Origin;
  layer: Layer;
}

/** Reads YAML into a layer that knows lines and columns; syntax errors become problems without quoting the file. */
export function readYaml(text: string, file: string): { layer: Layer; problems: ConfigProblem[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, uniqueKeys: true, prettyErrors: false, logLevel: 'error' });
  const at = (offset: number): Origin => {
    const { line, col } = lineCounter.linePos(offset);
    return { file, line, column: col };
  };
  const place = (node: Node | null | undefined) => (node?.range ? at(node.range[0]) : { file });
  const reading = { document, place, layer: new Layer() };
  const broken = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    ...at(pos[0]),
    key: code === 'DUPLICATE_KEY' ? (/^[\w-]+/.exec(text.slice(pos[0]))?.[0] ?? '') : '',
    message: MESSAGES[code] ?? `is not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`,
  }));
  return { layer: reading.layer, problems: broken.length > 0 ? broken : readRoot(reading) };
}

function readRoot(reading: Reading): ConfigProblem[] {
  const { document, place } = reading;
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return [];
  if (!isMap(root)) return [{ ...place(root), key: '', message: 'must be a block of keys such as `auth:`' }];
  const aliases = findAliases(document, place);
  if (aliases.length === 0) readBlock(root, [], reading);
  return aliases;
}

function findAliases(document: Document.Parsed, place: Reading['place']): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const message = 'refers to another place of the file (`*name`): write the value out, or put it in quotes';
  visit(document, { Alias: (_, node) => void problems.push({ ...place(node), key: '', message }) });
  return problems;
}

function readBlock(block: YAMLMap, path: Path, reading: Reading): void {
  for (const { key, value } of block.items) {
    const name = isScalar(key) ? String(key.value) : String(key);
    reading.layer.markKey([...path, name], reading.place(key as Node));
    readValue(value as Node | null, [...path, name], reading);
  }
}

function readValue(node: Node | null, path: Path, reading: Reading): void {
  if (isMap(node) && node.items.length > 0) return readBlock(node, path, reading);
  const value: unknown = node?.toJS(reading.document) ?? null;
  const items = isSeq(node) ? node.items.map((item) => reading.place(item as Node)) : undefined;
  reading.layer.set({ path, value, origin: reading.place(node), items });
}
