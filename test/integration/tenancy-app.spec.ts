import 'reflect-metadata';
import {
  Controller,
  Get,
  Injectable,
  Module,
  Param,
  Post,
  Body,
  type DynamicModule,
  type INestApplication,
} from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  AuthError,
  AuthModule,
  OptionalAuth,
  Public,
  TenantContext,
  type AuthHooks,
  type CrossUserAttempt,
  type TenantCrossing,
} from '@latchkey/nest';
import { asUser, TestVerifier } from '@latchkey/nest/testing';
import { TenantDataSource } from '@latchkey/nest/typeorm';
import { AuthWsAdapter } from '@latchkey/nest/ws';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { Repository } from 'typeorm';
import WebSocket from 'ws';
import { HttpClient, type Answer } from '../support/http-client';
import { Book, TenantLibrary, type Holding } from '../support/tenant-library';

@Injectable()
class Books {
  constructor(
    @InjectRepository(Book) private readonly books: Repository<Book>,
    readonly tenants: TenantContext,
  ) {}

  async titles(): Promise<string[]> {
    await pause(1);
    return (await this.books.find({ order: { title: 'ASC' } })).map(({ title }) => title);
  }

  async get(id: string): Promise<Book> {
    const book = await this.books.findOneBy({ id });
    if (!book) throw new AuthError('not_found', 'There is no such book');
    return book;
  }

  async rename(id: string, changes: Partial<Book>): Promise<number> {
    return (await this.books.update(id, changes)).affected ?? 0;
  }
}

@Controller('books')
class BooksController {
  constructor(private readonly books: Books) {}

  @Get()
  list() {
    return this.books.titles();
  }

  @Public()
  @Get('public')
  async open() {
    return { tenant: this.books.tenants.current(), titles: await this.books.titles() };
  }

  @OptionalAuth()
  @Get('optional')
  optional() {
    return { tenant: this.books.tenants.current() };
  }

  @Get(':id')
  async one(@Param('id') id: string) {
    return { title: (await this.books.get(id)).title };
  }

  @Post(':id')
  async rename(@Param('id') id: string, @Body() body: Partial<Book>) {
    return { changed: await this.books.rename(id, body) };
  }
}

@WebSocketGateway({ path: '/books' })
class BooksGateway {
  constructor(private readonly books: Books) {}

  @SubscribeMessage('titles')
  async titles() {
    return { event: 'titles', data: await this.books.titles() };
  }
}

@Module({})
class LibraryModule {
  static of(library: TenantLibrary, hooks: AuthHooks, hosts: Map<string, string>): DynamicModule {
    return {
      module: LibraryModule,
      imports: [
        AuthModule.forRoot({
          verifier: { useValue: new TestVerifier() },
          hooks,
          tenants: { header: 'X-Tenant-Id', host: (host) => hosts.get(host) ?? null },
        }),
        TypeOrmModule.forRootAsync({
          useFactory: () => library.options(),
          dataSourceFactory: async (options) => new TenantDataSource(options!, { tenants: new TenantContext(hooks) }),
        }),
        TypeOrmModule.forFeature([Book]),
      ],
      controllers: [BooksController],
      providers: [Books, BooksGateway],
    };
  }
}

type Answered = { readonly code?: string; readonly tenant?: string | null; readonly titles?: string[] };

const ADAPTERS = { express: () => new ExpressAdapter(), fastify: () => new FastifyAdapter() };

describe.each(Object.entries(ADAPTERS))('an application of several tenants, %s', (_, adapter) => {
  const [attempts, crossings, hosts] = [[] as CrossUserAttempt[], [] as TenantCrossing[], new Map<string, string>()];
  const logged: string[] = [];
  let library: TenantLibrary;
  let app: INestApplication;
  let http: HttpClient;
  let mine: Holding;
  let theirs: Holding;

  beforeAll(async () => {
    library = await TenantLibrary.create();
    theirs = await library.furnish('theirs');
    mine = await library.furnish('mine', theirs);
    hosts.set('mine.example.com', mine.tenant);
    const hooks: AuthHooks = {
      onCrossUserAttempt: (attempt) => void attempts.push(attempt),
      onTenantCrossing: (crossing) => void crossings.push(crossing),
    };
    const module = await Test.createTestingModule({ imports: [LibraryModule.of(library, hooks, hosts)] }).compile();
    const logger = {
      log: () => undefined,
      warn: () => undefined,
      error: (message: string) => void logged.push(message),
    };
    app = module.createNestApplication(adapter(), { logger });
    app.useWebSocketAdapter(new AuthWsAdapter(app));
    await app.listen(0, '127.0.0.1');
    http = new HttpClient(await app.getUrl());
  }, 30_000);

  afterAll(async () => {
    await app.close();
    await library.close();
  });

  const headersOf = ({ tenant }: Holding) => asUser({ tenantId: tenant });
  /** The same under another host, which `fetch` does not let anybody say. */
  async function at(host: string, path: string, headers: Record<string, string> = {}): Promise<[number, Answered]> {
    const { port } = new URL(await app.getUrl());
    const request = httpRequest({ port, path, headers: { ...headers, host } }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return [response.statusCode ?? 0, (await json(response)) as Answered];
  }

  const get = <T>(path: string, headers: Record<string, string>): Promise<Answer<T>> => http.get<T>(path, { headers });

  it('answers each caller with rows of their own tenant, however many come at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_each, i) => get<string[]>('/books', headersOf(i % 2 ? mine : theirs))),
    );
    const [ours, others] = [
      ['mine one', 'mine stray', 'mine two'],
      ['theirs one', 'theirs stray', 'theirs two'],
    ];
    expect(answers.map(({ body }) => body)).toEqual(answers.map((_each, i) => (i % 2 ? ours : others)));
  });

  it('knows nothing of the ids of another tenant', async () => {
    expect((await get(`/books/${mine.one}`, headersOf(mine))).body).toEqual({ title: 'mine one' });
    const [foreign, unknown] = [
      await get(`/books/${theirs.one}`, headersOf(mine)),
      await get(`/books/${randomUUID()}`, headersOf(mine)),
    ];
    expect([foreign.status, foreign.code]).toEqual([404, 'not_found']);
    expect([unknown.status, unknown.code]).toEqual([404, 'not_found']);
  });

  it('takes no tenant from the body of whoever is signed in', async () => {
    const rename = (id: string, json: object) => http.post<object>(`/books/${id}`, { json, headers: headersOf(mine) });
    expect((await rename(theirs.two, { title: 'new' })).body).toEqual({ changed: 0 });
    expect((await rename(mine.two, { tenantId: theirs.tenant })).code).toBe('internal_error');
    expect(await library.contentOf(theirs)).toContain('theirs two');
    expect(await library.contentOf(mine)).toContain('mine two');
  });

  it('refuses a header or a host that contradicts the token, and tells of it', async () => {
    attempts.length = 0;
    const byHeader = await get('/books', { ...headersOf(mine), 'x-tenant-id': theirs.tenant });
    const byHost = await at('MINE.example.com:8080', '/books', headersOf(theirs));
    expect([byHeader.status, byHeader.code]).toEqual([403, 'tenant_mismatch']);
    expect(byHost).toMatchObject([403, { code: 'tenant_mismatch' }]);
    expect(attempts).toMatchObject([
      { kind: 'tenant', principal: { tenantId: mine.tenant }, asked: theirs.tenant },
      { kind: 'tenant', principal: { tenantId: theirs.tenant }, asked: mine.tenant },
    ]);
    expect((await get('/books', { ...headersOf(mine), 'x-tenant-id': mine.tenant })).status).toBe(200);
    expect((await get('/books', { 'x-tenant-id': mine.tenant })).code).toBe('missing_token');
  });

  it('knows the tenant of anonymous callers by header or host, and no other way', async () => {
    const titles = ['mine one', 'mine stray', 'mine two'];
    expect((await get('/books/public', { 'x-tenant-id': mine.tenant })).body).toEqual({ tenant: mine.tenant, titles });
    expect(await at('mine.example.com', '/books/public')).toEqual([200, { tenant: mine.tenant, titles }]);
    expect(await at('other.example.com', '/books/optional')).toEqual([200, { tenant: null }]);
    expect((await get('/books/optional', headersOf(theirs))).body).toEqual({ tenant: theirs.tenant });
    const two = await at('mine.example.com', '/books/public', { 'x-tenant-id': theirs.tenant });
    expect(two).toMatchObject([403, { code: 'tenant_mismatch' }]);
    expect((await get('/books/public', { 'x-tenant-id': 'x'.repeat(300) })).code).toBe('validation_failed');
    // No tenant at all is a mistake of the program: the client is told nothing of it, the log everything.
    logged.length = 0;
    expect((await get('/books/public', {})).code).toBe('internal_error');
    expect(logged).toEqual(['tenant_missing: no tenant here: sign the caller in, or wrap a job in tenants.run(id, …)']);
  });

  it('knows the tenant in the messages of sockets', async () => {
    const titles = async (holding: Holding): Promise<unknown> => {
      const socket = new WebSocket(`${(await app.getUrl()).replace('http', 'ws')}/books`, {
        headers: headersOf(holding),
      });
      await once(socket, 'open');
      socket.send(JSON.stringify({ event: 'titles' }));
      const [data] = (await once(socket, 'message')) as [Buffer];
      socket.terminate();
      return (JSON.parse(data.toString()) as { data: unknown }).data;
    };
    const [ours, others] = await Promise.all([titles(mine), titles(theirs)]);
    expect([ours, others]).toEqual([
      ['mine one', 'mine stray', 'mine two'],
      ['theirs one', 'theirs stray', 'theirs two'],
    ]);
  });

  it('runs jobs for one tenant after the other, and tells of those for none', async () => {
    const tenants = await app.resolve(TenantContext);
    const books = app.get(Books);
    crossings.length = 0;
    for (const { tenant } of [mine, theirs]) expect(await tenants.run(tenant, () => books.titles())).toHaveLength(3);
    expect(await tenants.runWithout('nightly report', () => books.titles())).toHaveLength(6);
    await tenants.run(mine.tenant, () => tenants.run(theirs.tenant, () => books.titles(), { crossing: true }));
    expect(crossings).toEqual([
      { from: null, to: null, reason: 'nightly report' },
      { from: mine.tenant, to: theirs.tenant, reason: null },
    ]);
    await expect(books.titles()).rejects.toMatchObject({ code: 'tenant_missing' });
  });
});
