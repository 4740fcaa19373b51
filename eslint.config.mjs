import { defineConfig } from 'eslint/config';
import { builtinRules } from 'eslint/use-at-your-own-risk';
import typescript from 'typescript-eslint';
import latchkey from './scripts/lint-bans.mjs';

// ESLint's own recommended set, read from the rules themselves: it needs no further package.
const recommended = Object.fromEntries(
  [...builtinRules].filter(([, rule]) => rule.meta.docs?.recommended).map(([name]) => [name, 'error']),
);

const SERVICE = ['src/**/*.ts', 'packages/*/src/**/*.ts', 'migrations/**/*.ts'];
const TESTS = ['test/**', '**/*.spec.ts', 'bench/**', 'scripts/**'];
const NODE_GLOBALS = [
  ...[
    'process',
    'console',
    'Buffer',
    'URL',
    'URLSearchParams',
    'TextEncoder',
    'TextDecoder',
    'fetch',
    'Response',
    'performance',
  ],
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'AbortController', 'AbortSignal'],
];
const COMMONJS_GLOBALS = ['require', 'module', 'exports', '__dirname', '__filename'];
const readonly = (names) => Object.fromEntries(names.map((name) => [name, 'readonly']));
const off = (...names) => Object.fromEntries(names.map((name) => [`latchkey/${name}`, 'off']));

export default defineConfig(
  { ignores: ['**/dist/', '**/node_modules/', 'coverage/', '.latchkey/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },
  { name: 'recommended', rules: recommended },
  {
    name: 'every file',
    plugins: { latchkey },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'latchkey/explained-disable': 'error',
      'latchkey/strong-random': 'error',
      'latchkey/constant-time': 'error',
      'latchkey/no-forward-ref': 'error',
      'latchkey/no-synchronize': 'error',
      'latchkey/no-request-scope': 'error',
    },
  },
  { files: ['**/*.{js,cjs,mjs}'], languageOptions: { globals: readonly(NODE_GLOBALS) } },
  {
    files: ['**/*.{js,cjs}'],
    languageOptions: { sourceType: 'commonjs', globals: readonly(COMMONJS_GLOBALS) },
  },
  {
    name: 'typescript',
    files: ['**/*.ts'],
    extends: [typescript.configs.recommended],
    // Nest reads constructor types at run time: an import that only a decorated class mentions must stay a value.
    languageOptions: { parserOptions: { emitDecoratorMetadata: true, experimentalDecorators: true } },
    rules: {
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_$', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    },
  },
  {
    name: 'service',
    files: SERVICE,
    rules: {
      'latchkey/environment-in-config': 'error',
      'latchkey/time-from-clock': 'error',
      'latchkey/verified-jwt': 'error',
      'latchkey/logger-not-console': 'error',
      'latchkey/sql-in-stores': 'error',
    },
  },
  {
    name: 'service, with types',
    files: SERVICE,
    ignores: ['**/*.spec.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
    },
  },
  {
    files: ['src/config/**', 'src/cli/latchkey.ts', 'packages/nest/src/testing/**'],
    rules: off('environment-in-config'),
  },
  { files: ['packages/nest/src/clock.ts'], rules: off('time-from-clock') },
  {
    files: ['**/*.store.ts', 'src/database/**', 'packages/nest/src/typeorm/**', 'migrations/**'],
    rules: off('sql-in-stores'),
  },
  {
    name: 'tests may stand outside the house',
    files: TESTS,
    rules: off(
      'environment-in-config',
      'time-from-clock',
      'constant-time',
      'verified-jwt',
      'logger-not-console',
      'sql-in-stores',
    ),
  },
);
