import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AUTH_ERROR_STATUS } from '@latchkey/nest';

const FOLDER = join('docs', 'errors');

/** One page for each error code, read once: a package without one of them does not start. */
@Injectable()
export class ProblemPages {
  private readonly pages = new Map(Object.keys(AUTH_ERROR_STATUS).map((code) => [code, pageOf(code)]));

  /** Markdown; null for a code that does not exist. */
  find(code: string): string | null {
    return this.pages.get(code) ?? null;
  }
}

function pageOf(code: string): string {
  return readFileSync(join(packageRoot(), FOLDER, `${code}.md`), 'utf8');
}

/** Two folders up from the sources, three up from what is built. */
function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, FOLDER)) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
