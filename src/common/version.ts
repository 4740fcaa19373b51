import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The version of the package that this file is part of. */
export function ownVersion(): string {
  let folder = __dirname;
  while (!existsSync(path.join(folder, 'package.json'))) {
    if (folder === path.dirname(folder)) return 'unknown';
    folder = path.dirname(folder);
  }
  return (JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}
