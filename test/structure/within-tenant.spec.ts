import { readTree } from './source-tree';

/** Routes of signed-in people that ask the database nothing. */
const WITHOUT_STATEMENTS = ["@Get('me')"];

const DECORATED = /((?:^ *@\w+\([^\n]*\)\n)+)/gm;

/** Runs of decorators in which one says that somebody must be signed in. */
function guarded(text: string): string[] {
  return [...text.matchAll(DECORATED)].map(([run]) => run).filter((run) => run.includes('@RequireAuth('));
}

const controllers = ['src/auth', 'src/federation']
  .flatMap((folder) => readTree(folder, /\.controller\.ts$/))
  .filter(({ text }) => guarded(text).length > 0);

describe('routes of signed-in people', () => {
  it('are found', () => {
    expect(controllers.length).toBeGreaterThan(8);
  });

  it.each(controllers)('keep their statements to the tenant of whoever asks: $path', ({ text }) => {
    const open = guarded(text).filter((run) => !run.includes('@WithinTenant()'));
    expect(open.filter((run) => !WITHOUT_STATEMENTS.some((route) => run.includes(route)))).toEqual([]);
  });
});
