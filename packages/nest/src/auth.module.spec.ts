import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { IssuerServer, JWKS, newKey, signed } from '../../../test/support/issuer-server';
import type { AuthHooks } from './auth-hooks';
import { AuthModule, type AuthSettings } from './auth.module';
import { UserId } from './parameter.decorators';
import { jwks } from './verifiers/jwks.verifier';

const KEY = newKey();

@Controller()
class EchoController {
  @Get()
  who(@UserId() id: string) {
    return { id };
  }
}

class Settings {
  constructor(readonly url: string) {}
}

let server: IssuerServer;
let app: INestApplication | undefined;
let url: string;

beforeEach(async () => {
  server = new IssuerServer();
  server.keys = [KEY.jwk];
  await server.start();
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  await server.stop();
});

async function start(module: ReturnType<typeof AuthModule.forRoot>): Promise<void> {
  const compiled = await Test.createTestingModule({ imports: [module], controllers: [EchoController] }).compile();
  app = compiled.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
}

const settings = (hooks?: AuthHooks): AuthSettings => ({
  verifier: jwks({ url: server.url, audience: server.audience }),
  hooks,
});
const call = (token?: string): Promise<Response> =>
  fetch(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });

describe('the module', () => {
  it('guards every route with the verifier it is given', async () => {
    await start(AuthModule.forRoot(settings()));
    expect((await call()).status).toBe(401);
    expect((await call(signed(KEY, server.claims()))).status).toBe(200);
  });

  it('can take its settings from another provider', async () => {
    @Module({ providers: [{ provide: Settings, useValue: new Settings(server.url) }], exports: [Settings] })
    class SettingsModule {}
    await start(
      AuthModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async (from: Settings) => ({ verifier: jwks({ url: from.url, audience: server.audience }) }),
      }),
    );
    expect((await call(signed(KEY, server.claims()))).status).toBe(200);
  });

  it('does not let an application start whose issuer is away', async () => {
    server.behave(JWKS, 'error');
    await expect(start(AuthModule.forRoot(settings()))).rejects.toThrow('cannot be reached');
  });

  it('tells the metrics of every token, cold and warm', async () => {
    const told: string[] = [];
    await start(AuthModule.forRoot(settings({ onValidation: (result, reason) => told.push(`${result} ${reason}`) })));
    const token = signed(KEY, server.claims());
    for (const one of [token, token, 'rubbish', signed(KEY, server.claims({ exp: 1_000_000 }))]) await call(one);
    server.behave(JWKS, 'error');
    await call(signed(newKey(), server.claims()));
    await call();
    expect(told).toEqual([
      'accepted ok',
      'accepted ok',
      'refused invalid_token',
      'refused token_expired',
      'unavailable unavailable',
    ]);
  });

  it('is not disturbed by metrics that fail', async () => {
    const fail = (): never => {
      throw new Error('no metrics');
    };
    await start(AuthModule.forRoot(settings({ onValidation: fail, onJwksFetch: fail })));
    expect((await call(signed(KEY, server.claims()))).status).toBe(200);
    expect((await call('rubbish')).status).toBe(401);
  });
});
