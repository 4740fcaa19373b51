import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AUTH_ERROR_STATUS } from '@latchkey/nest';
import { readSource, REPOSITORY } from './source-tree';

const FOLDER = 'docs/errors';

const pages = (existsSync(join(REPOSITORY, FOLDER)) ? readdirSync(join(REPOSITORY, FOLDER)) : [])
  .filter((name) => name.endsWith('.md') && !/^(README|index)\.md$/.test(name))
  .map((name) => name.replace(/\.md$/, ''));

describe('the pages about errors', () => {
  it('are one for each code, and none for a code that does not exist', () => {
    expect(pages.sort()).toEqual(Object.keys(AUTH_ERROR_STATUS).sort());
  });

  it.each(Object.entries(AUTH_ERROR_STATUS))('%s states its status %d', (code, status) => {
    expect(pages).toContain(code);
    expect(readSource(`${FOLDER}/${code}.md`).text).toContain(String(status));
  });
});
