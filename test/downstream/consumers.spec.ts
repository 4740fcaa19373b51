import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const PACKAGE = path.resolve(__dirname, '../../packages/nest');
const NAMES = [
  'AuthModule',
  'AuthContextService',
  'CurrentUser',
  'Roles',
  'jwks',
  'secret',
  'introspection',
  'auto',
  'AuthError',
];
const DATABASES = /node_modules\/(typeorm|pg|argon2|bcrypt|ioredis|passport|zod|fastify|express)\//;

async function run(inputType: 'module' | 'commonjs', script: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [`--input-type=${inputType}`, '-e', script], {
    cwd: PACKAGE,
  });
  return stdout.trim();
}

describe('the built package', () => {
  it('gives its names to an ES module', async () => {
    const script = `import { ${NAMES.join(', ')} } from '@latchkey/nest';
      console.log([${NAMES.join(', ')}].every((name) => typeof name === 'function'));`;
    expect(await run('module', script)).toBe('true');
  });

  it('gives its names to a CommonJS module', async () => {
    const script = `const { ${NAMES.join(', ')} } = require('@latchkey/nest');
      console.log([${NAMES.join(', ')}].every((name) => typeof name === 'function'));`;
    expect(await run('commonjs', script)).toBe('true');
  });

  it('gives the testing helper apart, for the same classes', async () => {
    const script = `import { AccessTokenVerifier } from '@latchkey/nest';
      import { asUser, TestVerifier } from '@latchkey/nest/testing';
      console.log(new TestVerifier() instanceof AccessTokenVerifier, typeof asUser().authorization);`;
    expect(await run('module', script)).toBe('true string');
  });

  it('loads no database, no hash and no web framework', async () => {
    const script = `require('@latchkey/nest'); console.log(Object.keys(require.cache).join('\\n'));`;
    const loaded = (await run('commonjs', script)).split('\n');
    expect(loaded.some((file) => file.includes('auth.guard'))).toBe(true);
    expect(loaded.filter((file) => DATABASES.test(file) || file.includes('/testing/'))).toEqual([]);
  });
});
