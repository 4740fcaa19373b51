import { AUTH_ERROR_STATUS } from '@latchkey/nest';
import { startTestApp, type TestApp } from '../support/test-app';

describe('the pages about errors', () => {
  let service: TestApp;

  beforeAll(async () => {
    service = await startTestApp({ settings: { 'server.base_path': '/auth-svc' } });
  });

  afterAll(() => service?.close());

  it.each(Object.entries(AUTH_ERROR_STATUS))('explain %s to anyone, as Markdown', async (code, status) => {
    const page = await service.http.get(`/problems/${code}`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(page.text).toMatch(new RegExp(`^# ${code}\\n`));
    expect(page.text).toContain(`**${status}**`);
    const example = JSON.parse(/```json\n([^]+?)```/.exec(page.text)?.[1] ?? '{}') as object;
    expect(example).toMatchObject({ code, status, type: expect.stringMatching(new RegExp(`/problems/${code}$`)) });
  });

  it('stand where the type of a problem document points', async () => {
    const { body } = await service.http.get('/auth/me');
    const path = new URL(body.type).pathname;
    expect(path).toBe('/auth-svc/problems/missing_token');
    const page = await fetch(new URL(path, service.url));
    expect(await page.text()).toMatch(/^# missing_token\n/);
  });

  it('are served without looking at a token', async () => {
    expect((await service.http.get('/problems/invalid_token', { token: 'made-up' })).status).toBe(200);
  });

  it.each(['no_such_code', 'README', 'constructor', '__proto__', 'NOT_FOUND', '..%2F..%2Fpackage.json', '%2e%2e'])(
    'do not exist for %s',
    async (code) => {
      const answer = await service.http.get(`/problems/${code}`);
      expect(answer.status).toBe(404);
      expect(answer.code).toBe('not_found');
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    },
  );
});
