import { Inject, Module } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { PROFILES } from '../support/profiles';
import { useService } from './service';

const FORM = 'application/x-www-form-urlencoded';

/** Served to whoever asks. A route that is missing here asks for a token; adding one is a decision, not an accident. */
const OPEN = [
  'GET /.well-known/jwks.json',
  'GET /.well-known/oauth-authorization-server',
  'GET /auth/mode',
  'GET /docs',
  'GET /docs-json',
  'GET /docs-yaml',
  'GET /docs/',
  'GET /docs/*',
  'GET /docs/LICENSE',
  'GET /docs/docs/swagger-ui-init.js',
  'GET /docs/index.html',
  'GET /docs/swagger-ui-init.js',
  'GET /health/live',
  'GET /health/ready',
  'GET /problems/:code',
  'POST /auth/login',
  'POST /auth/refresh',
  'POST /auth/register',
];

const GUARDED = [
  'DELETE /auth/sessions',
  'DELETE /auth/sessions/:id',
  'GET /auth/me',
  'GET /auth/sessions',
  'POST /auth/logout',
  'POST /auth/ticket',
];

/** For clients: without credentials the answer is `invalid_client`, and a person's token opens none of them. */
const FOR_CLIENTS = [
  'GET /oauth/revocations',
  'GET /oauth/revocations/stream',
  'POST /oauth/introspect',
  'POST /oauth/revoke',
  'POST /oauth/token',
];

const routes = new Set<string>();

/** Stands first, so that its hook sees every route that is added after it. */
@Module({})
class RouteList {
  constructor(@Inject(HttpAdapterHost) { httpAdapter }: HttpAdapterHost) {
    httpAdapter.getInstance<FastifyInstance>().addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) if (each !== 'HEAD' && each !== 'OPTIONS') routes.add(`${each} ${url}`);
    });
  }
}

describe.each(PROFILES)('the routes, $name', ({ settings }) => {
  const service = useService({ settings, extend: [RouteList] });

  async function asksForToken(route: string): Promise<boolean> {
    const [method, path] = route.split(' ') as [string, string];
    const url = path.replace(/:\w+/g, '3f1b1f1e-0000-4000-8000-000000000000').replace('*', 'index.css');
    const json = method === 'GET' ? undefined : {};
    const { code } = await service.http.send(method, url, { json });
    return code === 'missing_token';
  }

  it('are these, and those that answer without a token are these', async () => {
    expect([...routes].sort()).toEqual([...OPEN, ...GUARDED, ...FOR_CLIENTS].sort());
    const open: string[] = [];
    for (const route of routes) if (!(await asksForToken(route))) open.push(route);
    expect(open.sort()).toEqual([...OPEN, ...FOR_CLIENTS].sort());
  });

  it('for clients let nobody in without credentials, with a person’s token or with both', async () => {
    const { grant } = await service.signedIn();
    for (const route of FOR_CLIENTS) {
      const [method, path] = route.split(' ') as [string, string];
      for (const token of [undefined, grant.access_token]) {
        const form = method === 'POST' ? { raw: '', headers: { 'content-type': FORM } } : {};
        const answer = await service.http.send(method, path, { ...form, token });
        expect([route, answer.status, answer.code]).toEqual([route, 401, 'invalid_client']);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
      }
    }
  });

  it('ask for a token before they look at anything else', async () => {
    for (const route of GUARDED) {
      const [method, path] = route.split(' ') as [string, string];
      const answer = await service.http.send(method, path, method === 'GET' ? {} : { json: { anything: true } });
      expect([answer.status, answer.code]).toEqual([401, 'missing_token']);
    }
  });

  it('describe themselves to whoever reads the documentation', async () => {
    const { paths } = (await service.http.get<{ paths: Record<string, object> }>('/docs-json')).body;
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const own = [...OPEN, ...GUARDED, ...FOR_CLIENTS].filter((route) => /\/(auth|health|oauth)\//.test(route));
    expect(described).toEqual(expect.arrayContaining(own));
  });
});
