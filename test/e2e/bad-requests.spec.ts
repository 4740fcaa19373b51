import { MAX_TOKEN_LENGTH } from '@latchkey/nest';
import { PROFILES } from '../support/profiles';
import { expectRefusal } from './refusals';
import { GUARDED, requestOf } from './routes';
import { useService } from './service';
import { timeLimit } from '../support/time-limit';

const FIRST = /^(\/\w+)\//;

/** Other spellings of a path, each of which some router or proxy takes for the path itself. */
const SPELLINGS: readonly ((path: string) => string)[] = [
  (path) => `${path}/`,
  (path) => `${path}//`,
  (path) => `/${path}`,
  (path) => path.replaceAll('/', '//'),
  (path) => `${path};x`,
  (path) => `${path};/`,
  (path) => path.replace(/(.)$/, ';x=1/$1'),
  (path) => path.replace(/e/, '%65'),
  (path) => path.replace(/e/, '%2565'),
  (path) => path.replace(FIRST, '$1%2f'),
  (path) => path.replace(FIRST, '$1%5c'),
  (path) => path.replace(FIRST, '$1/./'),
  (path) => path.replace(FIRST, '$1/%2e/'),
  (path) => path.replace(FIRST, '$1/x/../'),
  (path) => path.replace(FIRST, '$1/mode/..%2f'),
  (path) => path.replace(FIRST, '/health/live/../..$1/'),
  (path) => path.toUpperCase(),
  (path) => path.replace(/^\/./, (start) => start.toUpperCase()),
  (path) => `${path}%00`,
  (path) => `${path}%20`,
  (path) => `${path}%09`,
  (path) => `${path}.json`,
  (path) => `${path}%23`,
  (path) => `${path}%3f`,
  (path) => `${path}?`,
  (path) => `${path}?/health/live`,
  (path) => `/.${path}`,
  (path) => `/%2e%2e${path}`,
  (path) => `http://x${path}`,
];

const MALFORMED_PATHS = [
  '/auth/%',
  '/auth/%zz',
  '/auth/me%',
  '/auth/sessions/%E0%A4%A',
  '/auth/sessions/%ff',
  '/auth/sessions/%c0%ae%c0%ae',
  '/%00',
  '/%u0061uth/me',
  `/auth/${'%'.repeat(500)}`,
];

const IDENTITY = {
  'x-user-id': '00000000-0000-4000-8000-000000000000',
  'x-user-email': 'admin@example.com',
  'x-user-roles': 'admin',
  'x-tenant-id': '00000000-0000-4000-8000-000000000000',
  'x-session-id': '00000000-0000-4000-8000-000000000000',
  'x-user': 'admin',
  'x-user-name': 'admin',
  'x-user-role': 'admin',
  'x-user-tenant-id': '00000000-0000-4000-8000-000000000000',
  'x-auth-request-user': 'admin',
  'x-auth-request-email': 'admin@example.com',
  'x-forwarded-email': 'admin@example.com',
  'x-authenticated-userid': 'admin',
  oidc_claim_sub: 'admin',
  'x-forwarded-user': 'admin',
  'x-remote-user': 'admin',
  'x-original-url': '/auth/mode',
  'x-rewrite-url': '/auth/mode',
  'x-middleware-subrequest': 'middleware:middleware:middleware',
  'x-http-method-override': 'GET',
  'x-forwarded-for': '127.0.0.1',
  'x-real-ip': '127.0.0.1',
  forwarded: 'for=127.0.0.1',
};

describe.each(PROFILES)('bad requests, $name', ({ settings }) => {
  const service = useService({ settings });

  /** Exactly this path on the wire: client libraries would tidy it up. */
  async function raw(method: string, path: string, ...more: string[]): Promise<{ status: number; text: string }> {
    const lines = [`${method} ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...more, '', ''];
    const text = await service.http.bytes(lines.join('\r\n'));
    return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text };
  }

  function expectProblem({ status, text }: { status: number; text: string }): void {
    expect([status >= 400 && status < 500, status]).toEqual([true, status]);
    expect(text).toMatch(/\r\ncontent-type: application\/problem\+json[^]*"code":"[a-z_]+"[^]*"request_id":"/i);
  }

  afterEach(async () => {
    expect((await service.http.get('/health/live')).status).toBe(200);
    expect(service.app.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('find no way past the guard of any route by spelling it otherwise', async () => {
    for (const route of GUARDED) {
      const [method, path] = requestOf(route);
      const answers = await Promise.all(
        SPELLINGS.map((spell) => raw(method, spell(path), ...(method === 'GET' ? [] : ['Content-Length: 0']))),
      );
      answers.forEach(expectProblem);
    }
  });

  it.each(MALFORMED_PATHS)('are refused: the path %s', async (path) => {
    expectProblem(await raw('GET', path));
    expectProblem(await raw('DELETE', path));
  });

  it('are refused: a path that is very long', async () => {
    expectProblem(await raw('GET', `/auth/${'a'.repeat(8_000)}`));
    expectProblem(await raw('DELETE', `/auth/sessions/${'a'.repeat(8_000)}`));
    expectProblem(await raw('GET', `/${'a/'.repeat(4_000)}`));
  });

  it.each(['PUT', 'PATCH', 'TRACE', 'PROPFIND', 'OPTIONS', 'LINK', 'SEARCH', 'QUERY'])(
    'are refused: %s',
    async (method) => {
      for (const path of ['/auth/me', '/auth/login', '/auth/sessions']) {
        expectProblem(await raw(method, path, 'Content-Length: 0'));
      }
    },
  );

  it('are refused: the wrong method on a route', async () => {
    for (const path of ['/auth/login', '/auth/refresh', '/auth/logout', '/auth/register']) {
      expectRefusal(await service.http.get(path), 404, 405);
    }
    expectRefusal(await service.http.post('/auth/me', { json: {} }), 404, 405);
    expectRefusal(await service.http.post('/auth/mode', { json: {} }), 404, 405);
  });

  it.each(Object.keys(IDENTITY))('are not believed: %s', async (name) => {
    const headers = { [name]: IDENTITY[name as keyof typeof IDENTITY] };
    for (const path of ['/auth/me', '/auth/sessions']) {
      expectRefusal(await service.http.get(path, { headers }), 401);
    }
    expectRefusal(await service.http.post('/auth/logout', { headers, json: {} }), 401);
  });

  it.each([
    ['15,000 dots', '.'.repeat(15_000)],
    ['8,000 dots', '.'.repeat(8_000)],
    ['a JWT of 15 KB', `eyJ${'a'.repeat(15_000)}.eyJ.a`],
    ['a JWT of 64 KB', `eyJ${'a'.repeat(64_000)}.eyJ.a`],
    ['a JWT with an endless payload', `eyJhbGciOiJub25lIn0.${'a'.repeat(7_900)}.a`],
    ['as many characters as are read', 'a'.repeat(MAX_TOKEN_LENGTH - 7)],
    ['one character more', 'a'.repeat(MAX_TOKEN_LENGTH - 6)],
    ['a long opaque token', `lk_at_${'z'.repeat(8_000)}`],
    ['an opaque token of the greatest value', `lk_at_${'z'.repeat(70)}`],
  ])('cost nothing: a token of %s', async (_, token) => {
    const begun = performance.now();
    let answer: { status: number; text: string } = { status: 0, text: '' };
    const reads = await service.app.reads(async () => {
      answer = await raw('GET', '/auth/me', `Authorization: Bearer ${token}`);
    });
    expect(performance.now() - begun).toBeLessThan(timeLimit(1_000));
    expect([reads, answer.status]).toEqual([0, token.length > 16_384 ? 431 : 401]);
  });

  it.each([
    ['two lengths', ['Content-Length: 2', 'Content-Length: 3']],
    ['the same length twice', ['Content-Length: 2', 'Content-Length: 2']],
    ['a list of lengths', ['Content-Length: 2, 3']],
    ['a length and chunks', ['Content-Length: 2', 'Transfer-Encoding: chunked']],
    ['an unknown encoding', ['Transfer-Encoding: identity']],
    ['chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked, identity']],
    ['an encoding with a tab', ['Transfer-Encoding:\tchunked\u000b']],
    ['a negative length', ['Content-Length: -1']],
    ['a signed length', ['Content-Length: +2']],
    ['a hexadecimal length', ['Content-Length: 0x2']],
    ['a folded header', ['X-A: b', ' Content-Length: 2']],
    ['a blank before the colon', ['Content-Length : 2']],
    ['a NUL in a header', ['X-A: a\u0000b']],
    ['two hosts', ['Host: y']],
  ])('are refused by the parser, and nothing behind them is read: %s', async (_, lines) => {
    const head = ['POST /auth/login HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...lines, '', ''].join(
      '\r\n',
    );
    const text = await service.http.bytes(`${head}{}GET /auth/mode HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    expect(statuses).toHaveLength(1);
    expect([statuses[0]! >= 400 && statuses[0]! < 500, statuses[0]]).toEqual([true, statuses[0]]);
  });

  it.each([
    ['no host', 'GET /auth/me HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['a method nobody knows', 'FOO /auth/me HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a protocol nobody knows', 'GET /auth/me HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['a path of backslashes', 'GET \\auth\\me HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])],
    ['a header of 20 KB', `GET /auth/me HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('are cut off by the parser, with an answer: %s', async (_, bytes) => {
    const text = await service.http.bytes(bytes);
    expect(text).toMatch(/^HTTP\/1\.1 (400|431|505) /);
    expect(text.length).toBeLessThan(2_000);
  });

  it('are answered with a problem document, even when the parser gives up', async () => {
    expectProblem(await raw('FOO', '/auth/me'));
    expectProblem(await raw('GET', '/auth/me', `X-A: ${'a'.repeat(20_000)}`));
  });

  it('cost nothing: 3,000 headers', async () => {
    expectProblem(await raw('GET', '/auth/me', ...Array<string>(3_000).fill('a: b')));
  });
});
