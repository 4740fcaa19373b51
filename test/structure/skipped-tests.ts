import * as ts from 'typescript';
import { parse, walk, type SourceFile } from './source-tree';

const TEST_WORD = /^(describe|it|test)$/;
const SILENCER = /^(skip|only|todo|failing)$/;
const SHORT_FORM = /^(x|f)(describe|it|test)$/;

/** The places of a spec where a test is skipped, focused or only promised. */
export function silencedTests(file: SourceFile): string[] {
  const found: string[] = [];
  walk(parse(file), (node) => {
    if (ts.isPropertyAccessExpression(node) && SILENCER.test(node.name.text) && TEST_WORD.test(firstWord(node))) {
      found.push(`${file.path}: ${node.getText()}`);
    }
    if (ts.isCallExpression(node) && SHORT_FORM.test(firstWord(node.expression))) {
      found.push(`${file.path}: ${node.expression.getText()}`);
    }
  });
  return found;
}

/** `it` of `it.concurrent.skip.each`. */
function firstWord(node: ts.Node): string {
  return ts.isPropertyAccessExpression(node) ? firstWord(node.expression) : node.getText();
}
