import { PROFILES } from '../support/profiles';
import { RouteListModule } from '../support/route-list';
import { FOR_CLIENTS, GUARDED, OPEN, requestOf } from './routes';
import { useService } from './service';

const FORM = 'application/x-www-form-urlencoded';

const routes = new Set<string>();

describe.each(PROFILES)('the routes, $name', ({ settings }) => {
  const service = useService({ settings, extend: [RouteListModule.into(routes)] });

  async function asksForToken(route: string): Promise<boolean> {
    const [method, path] = requestOf(route);
    const { code } = await service.http.send(method, path, { json: method === 'GET' ? undefined : {} });
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
      const [method, path] = requestOf(route);
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
      const [method, path] = requestOf(route);
      const answer = await service.http.send(method, path, method === 'GET' ? {} : { json: { anything: true } });
      expect([answer.status, answer.code]).toEqual([401, 'missing_token']);
    }
  });

  it('describe themselves to whoever reads the documentation', async () => {
    const { paths } = (await service.http.get<{ paths: Record<string, object> }>('/docs-json')).body;
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const own = [...OPEN, ...GUARDED, ...FOR_CLIENTS].filter((route) => /\/(admin|auth|health|oauth)\//.test(route));
    expect(described).toEqual(expect.arrayContaining(own));
  });
});
