import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AccessTokenVerifier } from '../access-token-verifier';
import type { AuthContext } from '../auth-context';
import { AuthModule } from '../auth.module';
import { Auth } from '../parameter.decorators';
import { Roles } from '../route-policy';
import { jwks } from '../verifiers/jwks.verifier';
import { asUser, TestVerifier } from './as-user';

@Controller()
class EchoController {
  @Get('me')
  me(@Auth() auth: AuthContext) {
    return auth;
  }

  @Roles('admin')
  @Get('admin')
  admin() {
    return {};
  }
}

describe('a test of an application', () => {
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    // Nothing listens there: were it asked, the start would be refused.
    const verifier = jwks({ url: 'http://127.0.0.1:9', audience: 'api' });
    const module = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ verifier })],
      controllers: [EchoController],
    })
      .overrideProvider(AccessTokenVerifier)
      .useValue(new TestVerifier())
      .compile();
    app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${url}${path}`, { headers });

  it('acts as whom it likes, without a service', async () => {
    const answer = await get('/me', asUser({ userId: 'u', tenantId: 't', roles: ['editor'], claims: { scope: 'a' } }));
    expect(await answer.json()).toMatchObject({
      principal: { kind: 'user', userId: 'u', tenantId: 't', roles: ['editor'] },
      mode: 'stateless',
      claims: { sub: 'u', scope: 'a' },
    });
  });

  it('comes with a session token when it likes', async () => {
    const body = (await (await get('/me', asUser({ mode: 'stateful', sessionId: 's' }))).json()) as AuthContext;
    expect([body.session?.id, body.claims]).toEqual(['s', undefined]);
  });

  it('is held to roles, and to being signed in', async () => {
    expect((await get('/admin', asUser())).status).toBe(403);
    expect((await get('/admin', asUser({ roles: ['admin'] }))).status).toBe(200);
    expect((await get('/me')).status).toBe(401);
    expect((await get('/me', { authorization: 'Bearer eyJ.x.y' })).status).toBe(401);
  });

  it('cannot happen in production', () => {
    const before = process.env['NODE_ENV'];
    const [made, headers] = [new TestVerifier(), asUser()];
    process.env['NODE_ENV'] = 'production';
    try {
      expect(() => asUser()).toThrow('production');
      expect(() => new TestVerifier()).toThrow('production');
      expect(() => made.verify(headers.authorization.slice('Bearer '.length))).toThrow('production');
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });
});
