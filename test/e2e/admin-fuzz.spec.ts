import fc from 'fast-check';
import { administrator, platformAdministrator, type AdminCaller } from '../support/admin-caller';
import { expectRefusal } from './refusals';
import { useService } from './service';

const RUNS = 100;
const NOBODY = '3f1b1f1e-0000-4000-8000-000000000000';

const ROUTE = fc.constantFrom(
  'POST /admin/users',
  `PATCH /admin/users/${NOBODY}`,
  'PATCH /admin/users/{user}',
  `DELETE /admin/users/${NOBODY}`,
  'POST /admin/users/{user}/password',
  'POST /admin/users/{user}/unlock',
  'DELETE /admin/users/{user}/factors',
  'DELETE /admin/users/{user}/sessions',
  'POST /admin/tenants',
  'PATCH /admin/tenants/{tenant}',
  'POST /admin/tenants/{tenant}/revoke?dry_run=true',
  'POST /admin/clients',
  `PATCH /admin/clients/${NOBODY}`,
  `POST /admin/clients/${NOBODY}/rotate`,
  `DELETE /admin/clients/${NOBODY}`,
  'POST /admin/keys/rotate',
  'POST /admin/keys/x/retire',
);

const NAMES = fc.constantFrom(
  ...['email', 'username', 'name', 'roles', 'status', 'password', 'reason', 'action', 'tenant_id', 'slug', 'hosts'],
  ...['registration', 'tenant_ids', 'all_tenants', 'audiences', 'enabled', 'overlap_seconds', 'now', '__proto__'],
);

const TEXT = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    'a@example.com',
    'somebody',
    'a good reason',
    'admin',
    'temporary',
    'disabled',
    NOBODY,
    '\ud800',
    '\u0000',
  ),
);

const VALUE = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  TEXT,
  fc.array(TEXT, { maxLength: 3 }),
  fc.integer(),
  fc.boolean(),
);

const BODY = fc
  .dictionary(fc.oneof(NAMES, NAMES, NAMES, fc.string()), VALUE, { maxKeys: 6 })
  .chain((body) => fc.constantFrom<object>(body, { ...body, reason: 'a good reason' }));

const QUERY = fc.dictionary(
  fc.oneof(fc.constantFrom('limit', 'after', 'search', 'status', 'role', 'tenant_id'), fc.string({ minLength: 1 })),
  fc.oneof(TEXT, fc.constantFrom('1', '200', `1.${NOBODY}`, `999999999999999.${NOBODY}`)),
  { maxKeys: 4 },
);

describe('administration, asked for what nobody thought of', () => {
  const service = useService({ settings: { 'auth.mode': 'stateful' } });
  let platform: AdminCaller;
  let admin: AdminCaller;

  beforeAll(async () => {
    platform = await platformAdministrator(service);
    admin = await administrator(service, (await service.tenant()).id);
  });

  afterEach(() => {
    expect(service.app.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('serves or refuses every body, and never breaks', async () => {
    const { userId: user, tenantId: tenant } = await service.person({ tenantId: admin.tenantId });
    await fc.assert(
      fc.asyncProperty(ROUTE, BODY, fc.boolean(), async (route, body, asPlatform) => {
        const filled = route.replace('{user}', user).replace('{tenant}', tenant);
        const answer = await (asPlatform ? platform : admin).send(filled, body);
        if (answer.status >= 300) expectRefusal(answer);
      }),
      { numRuns: RUNS },
    );
  });

  it('serves or refuses every query, and never breaks', async () => {
    const route = fc.constantFrom('GET /admin/users', 'GET /admin/tenants', 'GET /admin/clients');
    await fc.assert(
      fc.asyncProperty(route, QUERY, async (path, query) => {
        const text = Object.entries(query).map((pair) =>
          pair.map((part) => encodeURIComponent(part.replace(/\p{Surrogate}/gu, ''))).join('='),
        );
        const answer = await platform.send(`${path}?${text.join('&')}`);
        if (answer.status >= 300) expectRefusal(answer);
      }),
      { numRuns: RUNS },
    );
  });
});
