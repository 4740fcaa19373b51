import { gzipSync } from 'node:zlib';
import { PROFILES } from '../support/profiles';
import { ENDPOINTS, expectRefusal, Sender } from './refusals';
import { useService } from './service';

const ROUTES = [...ENDPOINTS.map(({ route }) => route), 'DELETE /auth/sessions'];
const FIELDS = ENDPOINTS.flatMap(({ route, body }) => Object.keys(body).map((field) => ({ route, body, field })));

const nested = (depth: number, open: string, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`;

/** Whatever is asked, this is no answer to it: not JSON as RFC 8259 wants it. */
const NO_JSON: readonly [string, string | Uint8Array][] = [
  ['words', 'not json'],
  ['an unfinished object', '{"email":"a@example.com"'],
  ['a trailing comma', '{"email":"a@example.com",}'],
  ['single quotes', "{'email':'a@example.com'}"],
  ['a comment', '{/* hello */}'],
  ['NaN', '{"email":NaN}'],
  ['two documents', '{}{}'],
  ['blanks', '   '],
  ['a byte order mark', '\ufeff{}'],
  ['a form', 'email=a%40example.com&password=x'],
  ['UTF-16', Buffer.from('{}', 'utf16le')],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ['an overlong encoding', Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])],
  ['an encoded surrogate', Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d])],
  ['a NUL byte', '{"email":"a\u0000b"}'],
  ['a line break in a string', '{"email":"a\nb"}'],
  ['the same name twice', '{"email":"a@example.com","email":"b@example.com"}'],
  ['the same name in two spellings', '{"email":"a@example.com","\\u0065mail":"b@example.com"}'],
  ['the same name twice, deep inside', '{"email":[{"a":{"b":1,"b":2}}]}'],
  ['__proto__', '{"__proto__":{"roles":["admin"]}}'],
  ['__proto__ in another spelling', '{"\\u005f_proto__":{"roles":["admin"]}}'],
  ['__proto__ inside', '{"email":{"__proto__":null}}'],
  ['5,000 lists', nested(5_000, '[', ']')],
  ['5,000 objects', nested(5_000, '{"a":', '}')],
  ['33 lists', `{"email":${nested(33, '[', ']')}}`],
  ['gzip', gzipSync('{}')],
];

/** JSON, but not an object. */
const NO_OBJECT = ['1', '"text"', 'true', '[]', '[{}]', '-0', '1e999'];

/** No field of any body may hold one of these. */
const WRONG_VALUES: readonly [string, unknown][] = [
  ['null', null],
  ['a number', 42],
  ['a list', ['a@example.com']],
  ['two values', ['a@example.com', 'b@example.com']],
  ['an object', { $ne: null }],
  ['an object with a toString', { toString: 'a@example.com' }],
  ['an empty text', ''],
  ['a long text', 'x'.repeat(9_000)],
  ['half a character', 'half\ud800'],
];

const OTHER_TYPES = [
  'text/plain',
  'text/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/octet-stream',
  'application/jsonx',
  'application/problem+json',
  'json',
  'a/b/c',
];

describe.each(PROFILES)('bad input, $name', ({ settings }) => {
  const service = useService({ settings });
  const sender = new Sender(service);

  afterEach(async () => {
    expect((await service.http.get('/health/live')).status).toBe(200);
    expect(service.app.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it.each(NO_JSON)('is refused on every route: %s', async (_, raw) => {
    for (const route of ROUTES) expectRefusal(await sender.send(route, raw), 400);
  });

  it.each(NO_OBJECT)('is refused where an object is asked for: %s', async (raw) => {
    for (const { route } of ENDPOINTS) expectRefusal(await sender.send(route, raw), 400);
  });

  it('is refused when nothing is sent where something is needed', async () => {
    for (const { route, guarded } of ENDPOINTS) if (!guarded) expectRefusal(await sender.send(route, ''), 400);
  });

  it.each(FIELDS)('is refused in $field of $route: what no such field holds', async ({ route, body, field }) => {
    for (const [, value] of WRONG_VALUES) {
      const answer = await sender.send(route, JSON.stringify({ ...body, [field]: value }));
      // What is text may be judged as a code, a token or a password, and be wrong.
      expectRefusal(answer, ...(typeof value === 'string' ? [400, 401] : [400]));
    }
  });

  it.each(FIELDS.filter(({ field }) => field !== 'password' && field !== 'remember'))(
    'is refused in $field of $route: a NUL and other control characters',
    async ({ route, body, field }) => {
      for (const character of ['\u0000', '\n', '\u001b', '\u007f']) {
        expectRefusal(await sender.send(route, JSON.stringify({ ...body, [field]: `a${character}b` })));
      }
    },
  );

  it.each(['constructor', 'prototype', 'toString', 'roles', 'user_id', 'id', 'status', 'EMAIL', ' email', ''])(
    'is refused: a field that nobody knows, %p',
    async (name) => {
      for (const { route, body } of ENDPOINTS) {
        expectRefusal(await sender.send(route, JSON.stringify({ ...body, [name]: 'x' })), 400);
      }
    },
  );

  it.each(OTHER_TYPES)('is refused: the type %s', async (type) => {
    for (const route of ROUTES) expectRefusal(await sender.send(route, '{}', { 'content-type': type }), 415);
  });

  it('is refused: a compressed body, named as such', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20));
    for (const route of ROUTES) {
      expectRefusal(await sender.send(route, bomb, { 'content-encoding': 'gzip' }), 400, 415);
    }
  });

  it('is refused before it is read: more than 100 KiB', async () => {
    for (const route of ROUTES) {
      const answer = await sender.send(route, JSON.stringify({ email: 'x'.repeat(102_400) }));
      expectRefusal(answer, 413);
      expect(answer.code).toBe('payload_too_large');
    }
  });

  it('is refused before it is read: 10 MB, announced or in chunks', async () => {
    const half = Buffer.alloc(5_000_000, 0x20);
    const head = 'POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n';
    const announced = await service.http.bytes(`${head}Content-Length: 10000000\r\n\r\n`, half, half);
    expect(announced).toMatch(/^HTTP\/1\.1 413 [^]+"payload_too_large"/);
    const chunk = (bytes: Buffer) =>
      Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
    const chunked = await service.http.bytes(
      `${head}Transfer-Encoding: chunked\r\n\r\n`,
      chunk(half),
      chunk(half),
      '0\r\n\r\n',
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 413 [^]+"payload_too_large"/);
  });

  it('repeats nothing of what was sent', async () => {
    const canary = 'canary-8c1f';
    for (const { route, body } of ENDPOINTS) {
      const bodies = [
        { ...body, [canary]: canary },
        { ...body, email: canary, password: [canary], refresh_token: 1 },
        canary,
      ];
      for (const bad of bodies)
        expect((await sender.send(route, JSON.stringify(bad))).text).not.toContain(`"${canary}"`);
    }
  });

  it('lists no more than twenty mistakes', async () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`field${i}`, 1]));
    const answer = await sender.send('POST /auth/login', JSON.stringify(many));
    expectRefusal(answer, 400);
    expect(answer.body.errors!.length).toBeLessThanOrEqual(20);
    expect(answer.text.length).toBeLessThan(10_000);
  });
});
