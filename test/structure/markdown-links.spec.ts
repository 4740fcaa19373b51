import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { readTree, REPOSITORY, type SourceFile } from './source-tree';

const CODE = /```[^]*?```|`[^`\n]*`/g;
const INLINE = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const REFERENCE = /^\[[^\]]+\]:\s+(\S+)/gm;
const ELSEWHERE = /^([a-z][a-z0-9+.-]*:|\/\/|#)/i;

/** Links of a page to files, as written, that lead nowhere. */
function brokenLinks({ path, text }: SourceFile, exists: (path: string) => boolean): string[] {
  const prose = text.replace(CODE, '');
  const links = [...prose.matchAll(INLINE), ...prose.matchAll(REFERENCE)].map((match) => match[1] ?? '');
  return links
    .filter((link) => !ELSEWHERE.test(link))
    .filter((link) => !exists(posix.join(posix.dirname(path), decodeURI(link.replace(/[#?].*$/, '')))))
    .map((link) => `${path}: ${link}`);
}

describe('links between pages', () => {
  it('lead to files that exist', () => {
    const pages = readTree('.', /\.md$/);
    expect(pages.length).toBeGreaterThan(0);
    expect(pages.flatMap((page) => brokenLinks(page, (path) => existsSync(join(REPOSITORY, path))))).toEqual([]);
  });

  it('are checked from the folder of the page, without their anchors, and not inside code', () => {
    const text = '[a](../a.md#top) [b](b.md) [c](https://c.example/x.md) `[d](d.md)`\n\n[e]: ./e.md\n[f](#f)';
    const broken = brokenLinks({ path: 'docs/guide/page.md', text }, (path) => path === 'docs/a.md');
    expect(broken).toEqual(['docs/guide/page.md: b.md', 'docs/guide/page.md: ./e.md']);
  });
});
