import { type AuthError } from '@latchkey/nest';
import { assertNames, assertRoles, type AccountNames } from './account-rules';

function pointersOf(check: () => void): string[] {
  try {
    check();
  } catch (error) {
    expect(error).toMatchObject({ code: 'validation_failed', status: 400 });
    return (error as AuthError).errors?.map(({ pointer }) => pointer) ?? [];
  }
  return [];
}

describe('rules for an account', () => {
  it('takes an address, a username, or both', () => {
    for (const names of [{ email: 'a@b.co' }, { username: 'ada' }, { email: 'a@b.co', username: 'ada', name: 'Ada' }]) {
      expect(pointersOf(() => assertNames(names))).toEqual([]);
    }
  });

  it('needs at least one of them', () => {
    expect(pointersOf(() => assertNames({ name: 'Ada' }))).toEqual(['/email']);
  });

  it.each<[string, AccountNames, string[]]>([
    ['an array of addresses', { email: ['a@b.co', 'c@d.co'] as unknown as string }, ['/email']],
    ['an empty address', { email: '', username: 'ada' }, ['/email']],
    ['a username that looks like an address', { username: 'a@b.co' }, ['/username']],
    ['a name of two lines', { username: 'ada', name: 'Ada\r\nBcc: eve' }, ['/name']],
    ['a name with NUL', { username: 'ada', name: 'A\0' }, ['/name']],
    ['a name with half a character', { username: 'ada', name: '\uD800' }, ['/name']],
    ['a very long name', { username: 'ada', name: 'a'.repeat(201) }, ['/name']],
    ['everything at once', { email: 'x', username: '.', name: '\n' }, ['/email', '/username', '/name']],
  ])('refuses %s', (_, names, pointers) => {
    expect(pointersOf(() => assertNames(names))).toEqual(pointers);
  });

  it('takes plain words as roles and nothing else', () => {
    expect(pointersOf(() => assertRoles(['admin', 'billing:read']))).toEqual([]);
    for (const role of ['', 'a b', 'a,b', 'é', 'a\n', 'x'.repeat(65)]) {
      expect(pointersOf(() => assertRoles(['admin', role]))).toEqual(['/roles']);
    }
  });
});
