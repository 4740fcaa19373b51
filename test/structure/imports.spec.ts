import { checkHouse, RULE_NAMES } from './house-rules';
import { importsOf } from './import-graph';
import { readTree, type SourceFile } from './source-tree';

const file = (path: string, ...lines: string[]): SourceFile => ({ path, text: lines.join('\n') + '\n' });
const importing = (path: string, specifier: string): SourceFile => file(path, `import { X } from '${specifier}';`);

/** For each rule, files that break it and nothing else. */
const VIOLATIONS: Record<string, SourceFile[]> = {
  'imports point down': [
    importing('src/common/a.ts', '../config/b'),
    importing('src/revocation/a.ts', '../protection/b'),
    importing('src/identity/passwords/a.ts', '../../strategy/b'),
    importing('src/auth/a.controller.ts', '../health/b'),
    importing('src/auth/a.controller.ts', '../app.module'),
    importing('src/app.module.ts', './main'),
    importing('src/main.ts', './cli/latchkey'),
    importing('src/auth/a.controller.ts', '../../test/support/b'),
    importing('src/common/a.ts', '../../packages/nest/src/b'),
    file('src/common/a.ts', "export { X } from '../config/b';"),
    file('src/common/a.ts', "export const b = require('../config/b');"),
    file('src/common/a.ts', "export const b = import('../config/b');"),
    file('src/common/a.ts', "export type B = import('../config/b').B;"),
    file('src/common/a.ts', "import b = require('../config/b');", 'export = b;'),
    file('src/common/a.ts', "import type { B } from '../config/b';"),
  ],
  'strategies stay apart': [
    importing('src/strategy/jwt/a.ts', '../session/b'),
    importing('src/strategy/session/a.ts', '../jwt/b'),
    importing('src/auth/a.controller.ts', '../strategy/jwt/b'),
    importing('src/app.module.ts', './strategy/session/b'),
  ],
  'no HTTP below the edge': [
    importing('src/strategy/session/a.strategy.ts', 'fastify'),
    importing('src/strategy/a.ts', '@nestjs/platform-fastify'),
    importing('src/identity/a.service.ts', 'express'),
    importing('packages/nest/src/a.ts', '@nestjs/platform-express'),
    importing('packages/nest/src/a.ts', '@nestjs/platform-ws'),
    importing('packages/nest/src/sockets/a.ts', '@nestjs/platform-express'),
    file('src/strategy/a.ts', "import { UnauthorizedException } from '@nestjs/common';"),
    file('src/protection/a.ts', "import { HttpStatus as Status } from '@nestjs/common';"),
    file('src/strategy/a.ts', "import { AUTH_ERROR_STATUS } from '@latchkey/nest';"),
  ],
  'the package stands alone': [
    importing('packages/nest/src/a.ts', 'typeorm'),
    importing('packages/nest/src/a.ts', 'pg'),
    importing('packages/nest/src/a.ts', 'argon2'),
    importing('packages/nest/src/typeorm/a.ts', 'pg'),
    importing('packages/nest/src/tenancy/a.ts', 'typeorm'),
  ],
  'the database is touched in stores': [
    importing('src/identity/a.service.ts', 'typeorm'),
    importing('src/revocation/a.listener.ts', 'pg'),
    importing('src/identity/a.entity.ts', 'pg'),
    importing('src/identity/a.service.ts', '@nestjs/typeorm'),
    importing('src/health/a.controller.ts', 'typeorm/driver/postgres/PostgresDriver'),
  ],
  'Redis is touched in its folder': [importing('src/strategy/a.store.ts', 'ioredis')],
  'migrations stand alone': [importing('migrations/1-create-a.ts', '@latchkey/nest')],
  'one clock': [
    file('src/auth/a.ts', 'export const now = Date.now();'),
    file('src/auth/a.ts', 'export const now = new Date();'),
    file('src/auth/a.ts', 'export const now = performance.now();'),
    file('packages/nest/src/a.ts', "export const now = Date['now']();"),
  ],
  'one reader of the environment': [
    file('src/auth/a.ts', 'export const port = process.env.PORT;'),
    file('src/cli/other.ts', 'export const port = process.env.PORT;'),
    file('src/database/a.ts', 'const { env } = process;'),
  ],
  'one reader of the mode': [
    file('src/auth/a.ts', "export const opaque = (config: C) => config.auth.mode === 'stateful';"),
    file('src/auth/a.ts', 'export const mode = (auth: A) => auth.mode;'),
    file('src/strategy/jwt/a.ts', 'export const f = (c: C) => { const { mode } = c.auth; return mode; };'),
    file('src/strategy/b.ts', "export const mode = (c: C) => c.auth?.['mode'];"),
  ],
  'no barrels': [file('src/auth/index.ts', 'export const x = 1;'), file('src/auth/a.ts', "export * from './b';")],
  'folders say what they hold': [
    file('src/auth/utils/a.ts', ''),
    file('src/types/a.ts', ''),
    file('packages/nest/src/helpers/a.ts', ''),
  ],
  'two folder levels': [file('src/a/b/c/d.ts', '')],
  'short files': [file('src/auth/a.ts', ...Array.from({ length: 301 }, (_, line) => `export const x${line} = 1;`))],
};

const CYCLE = [importing('src/auth/a.ts', './b'), importing('src/auth/b.ts', './c'), importing('src/auth/c.ts', './a')];

const ALLOWED: SourceFile[] = [
  importing('src/common/a.ts', '@latchkey/nest'),
  importing('src/auth/a.service.ts', '../strategy/auth-strategy'),
  importing('src/auth/a.controller.ts', 'fastify'),
  importing('packages/nest/src/sockets/a.ts', '@nestjs/platform-socket.io'),
  importing('packages/nest/src/typeorm/a.ts', 'typeorm'),
  importing('src/strategy/strategy.module.ts', './jwt/b'),
  importing('src/strategy/jwt/a.ts', './b'),
  importing('src/strategy/jwt/a.ts', '../auth-strategy'),
  importing('src/identity/user.store.ts', 'typeorm'),
  importing('src/identity/user.entity.ts', 'typeorm'),
  importing('src/identity/identity.module.ts', '@nestjs/typeorm'),
  importing('src/database/data-source.ts', 'pg'),
  importing('src/database/schema.ts', '../../migrations/1-create-a'),
  importing('src/redis/redis-client.ts', 'ioredis'),
  importing('src/strategy/a.ts', '../redis/b'),
  importing('migrations/1-create-a.ts', 'typeorm'),
  file('packages/nest/src/clock.ts', 'export const now = () => Date.now();'),
  file('src/auth/b.ts', 'export const at = (seconds: number) => new Date(seconds * 1000);'),
  file('src/config/config.ts', 'export const mode = (c: C) => c.auth.mode; export const env = process.env;'),
  file('src/cli/latchkey.ts', 'export const env = process.env;'),
  file('packages/nest/src/auth-context.service.ts', "export const isJwt = (auth: A) => auth.mode === 'stateless';"),
  file('packages/nest/src/index.ts', "export * from './auth-context.service';"),
];

describe('the layout', () => {
  it('holds for the code as it stands', () => {
    const ours = /(?<!\.spec)\.ts$/;
    const files = ['src', 'packages', 'migrations'].flatMap((folder) => readTree(folder, ours));
    expect(files.length).toBeGreaterThan(20);
    expect(checkHouse(files)).toEqual([]);
  });

  it('lets pass what the layout allows', () => {
    expect(checkHouse(ALLOWED)).toEqual([]);
  });
});

describe('the package for every NestJS application', () => {
  it('resolves nothing of sockets or of TypeORM from its main entry: they are optional peers', () => {
    const files = new Map(readTree('packages', /(?<!\.spec)\.ts$/).map((each) => [each.path, each]));
    const [reached, outside] = [new Set<string>(), new Set<string>()];
    const visit = (path: string): void => {
      const found = files.get(path);
      if (!found || reached.has(path)) return;
      reached.add(path);
      for (const { specifier, target } of importsOf(found)) {
        if (target) visit(target);
        else outside.add(specifier);
      }
    };
    visit('packages/nest/src/index.ts');
    expect(reached.size).toBeGreaterThan(10);
    expect([...outside].filter((specifier) => /websockets|platform-|^ws$|socket\.io|typeorm/.test(specifier))).toEqual(
      [],
    );
    expect([...reached].filter((path) => /\/(sockets|typeorm)\//.test(path))).toEqual([]);
  });
});

describe('the checker', () => {
  it('has a violation to try for every rule', () => {
    expect([...Object.keys(VIOLATIONS), 'no cycles']).toEqual(RULE_NAMES);
  });

  describe.each(Object.entries(VIOLATIONS))('%s', (rule, violations) => {
    it.each(violations)('is broken by $path: $text', (violation) => {
      expect(new Set(checkHouse([violation]).map((found) => found.rule))).toEqual(new Set([rule]));
    });
  });

  it('finds a package that reaches into the service, by two rules', () => {
    const rules = checkHouse([importing('packages/nest/src/a.ts', '../../../src/common/clock')]);
    expect(rules.map(({ rule }) => rule)).toEqual(['imports point down', 'the package stands alone']);
  });

  it('finds a migration that uses the service, by two rules', () => {
    const rules = checkHouse([importing('migrations/1-create-a.ts', '../src/common/clock')]);
    expect(rules.map(({ rule }) => rule)).toContain('migrations stand alone');
  });

  it('names the path of a cycle', () => {
    expect(checkHouse(CYCLE)).toEqual([
      {
        rule: 'no cycles',
        path: 'src/auth/a.ts',
        detail: 'src/auth/a.ts → src/auth/b.ts → src/auth/c.ts → src/auth/a.ts',
      },
    ]);
  });
});
