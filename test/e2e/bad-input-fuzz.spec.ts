import fc from 'fast-check';
import { PROFILES } from '../support/profiles';
import { ENDPOINTS, expectRefusal, Sender } from './refusals';
import { useService } from './service';

const RUNS = 60;

const ROUTE = fc.constantFrom(...ENDPOINTS.filter(({ guarded }) => !guarded).map(({ route }) => route));

/** Names that mean something somewhere, so that the wrong values come to where they are looked at. */
const NAMES = [
  'email',
  'username',
  'password',
  'tenant_id',
  'mfa_code',
  'remember',
  'refresh_token',
  'name',
  '__proto__',
];

const VALUE = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    'a@example.com',
    'somebody',
    'correct horse battery staple',
    'lk_rt_',
    'eyJ.eyJ.x',
    '\ud800',
    '\u0000',
  ),
);

const BODY = fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.string()), VALUE, { maxKeys: 6 });

/** Whatever an HTTP header can carry: visible characters, blanks and the upper half of Latin-1. */
const HEADER_TEXT = fc
  .array(
    fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f),
    { maxLength: 200 },
  )
  .map((codes) => Buffer.from(codes));

const AUTHORIZATION = fc
  .tuple(
    fc.constantFrom(
      '',
      'Bearer ',
      'bearer ',
      'Bearer  ',
      'BEARER\t',
      'Bearer',
      'Basic ',
      'Bearer eyJ',
      'Bearer lk_at_',
      'Bearer lk_',
    ),
    HEADER_TEXT,
  )
  .map(([scheme, rest]) => Buffer.concat([Buffer.from(scheme), rest]));

describe.each(PROFILES)('input that nobody thought of, $name', ({ settings }) => {
  const service = useService({ settings });
  const sender = new Sender(service);

  afterEach(() => {
    expect(service.app.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is refused or served when it is JSON, and never breaks anything', async () => {
    await fc.assert(
      fc.asyncProperty(ROUTE, BODY, async (route, body) => {
        const answer = await sender.send(route, JSON.stringify(body));
        if (answer.status !== 202) expectRefusal(answer);
      }),
      { numRuns: RUNS },
    );
  });

  it('is refused when it is only bytes', async () => {
    await fc.assert(
      fc.asyncProperty(ROUTE, fc.uint8Array({ maxLength: 300 }), async (route, bytes) => {
        expectRefusal(await sender.send(route, bytes), 400);
      }),
      { numRuns: RUNS },
    );
  });

  it('is no way in when it stands in the Authorization header', async () => {
    const head = 'GET /auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ';
    await fc.assert(
      fc.asyncProperty(AUTHORIZATION, async (authorization) => {
        const text = await service.http.bytes(head, authorization, '\r\n\r\n');
        expect(text).toMatch(/^HTTP\/1\.1 401 [^]*application\/problem\+json[^]*"code":"(missing|invalid)_token"/);
      }),
      { numRuns: RUNS },
    );
  });

  it('finds no session when it stands in the path', async () => {
    const { grant } = await service.signedIn();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), async (id) => {
        fc.pre(!['.', '..'].includes(id));
        const path = `/auth/sessions/${encodeURIComponent(id)}`;
        expectRefusal(await service.http.delete(path, { token: grant.access_token }), 400, 404);
      }),
      { numRuns: RUNS },
    );
    expect((await service.me(grant.access_token)).status).toBe(200);
  });
});
