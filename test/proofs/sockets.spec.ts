import path from 'node:path';
import { openStream } from '../support/live-stream';
import { report, spread } from '../support/figures';
import { proofSize } from '../support/proof-size';
import {
  expecting,
  registerPeople,
  ServiceClient,
  sessionIdOf,
  type Grant,
  type Person,
} from '../support/service-client';
import { startService, type ServiceProcess } from '../support/service-process';
import { connectIo, connectWs } from '../support/socket-client';
import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';

/** Open connections over two processes; half of their logins are ended. */
const CONNECTIONS = proofSize({ reduced: 100, full: 500 });
const PEOPLE = 20;
/** Promised. Milliseconds. */
const CLOSED_WITHIN = 1_000;
const SCRIPT = path.join(__dirname, '../support/lounge-process.js');

/** One connection, however it is made. */
interface Connection {
  readonly grant: Grant;
  readonly person: Person;
  readonly isOpen: () => boolean;
  /** Resolves with the code that it ended with. */
  readonly ended: Promise<string>;
  /** Rejects when it does not work any more. */
  readonly prove: () => Promise<unknown>;
  readonly close: () => void;
}

type Open = (url: string, person: Person, grant: Grant) => Promise<Connection>;

const overSockets =
  (connect: typeof connectWs): Open =>
  async (url, person, grant) => {
    const socket = await connect(url, 'lounge', { token: grant.access_token });
    return {
      grant,
      person,
      isOpen: () => socket.isOpen,
      ended: socket.ended.then(({ code }) => code),
      prove: async () => expect((await socket.ask('say', 'here')).event).toBe('say'),
      close: () => socket.close(),
    };
  };

const overStream: Open = async (url, person, grant) => {
  const stream = await openStream(`${url}/lounge/events`, grant.access_token);
  return {
    grant,
    person,
    isOpen: () => stream.isOpen,
    ended: stream.ended.then(() => (JSON.parse(stream.events.at(-1)?.data ?? '{}') as { code: string }).code),
    prove: () => {
      const before = stream.events.length;
      return until('events go on', () => stream.events.length > before);
    },
    close: () => stream.close(),
  };
};

const KINDS: readonly { kind: string; adapter: string; open: Open }[] = [
  { kind: 'WebSocket', adapter: 'ws', open: overSockets(connectWs) },
  { kind: 'Socket.IO', adapter: 'socket.io', open: overSockets(connectIo) },
  { kind: 'event stream', adapter: 'ws', open: overStream },
];

const WAYS = KINDS.flatMap((kind) =>
  (['stateful', 'tracked', 'denylist'] as const).map((profile) => ({ ...kind, profile })),
);

describe.each(WAYS)('open connections over two processes, $kind, $profile', ({ kind, adapter, open, profile }) => {
  let database: TestDatabase;
  let services: ServiceProcess[];
  let clients: ServiceClient[];
  let all: Connection[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const start = () => startService({ databaseUrl: database.url, profile, script: [SCRIPT, adapter] });
    services = await Promise.all([start(), start()]);
    clients = services.map(({ url }) => new ServiceClient(url));
    const people = await registerPeople(clients[0] as ServiceClient, PEOPLE);
    all = (await Promise.all(people.map(connectAll))).flat();
  }, 120_000);

  afterAll(async () => {
    for (const { close } of all) close();
    for (const client of clients) client.close();
    await Promise.all(services.map((service) => service.stop()));
    await database.drop();
  }, 30_000);

  async function connectAll(person: Person): Promise<Connection[]> {
    const connections: Connection[] = [];
    for (let i = 0; i < CONNECTIONS / PEOPLE; i++) {
      const grant = await expecting(200, (clients[i % 2] as ServiceClient).login(person));
      connections.push(await open((services[i % 2] as ServiceProcess).url, person, grant));
    }
    return connections;
  }

  it('end with their logins within a second, and no other does, a refreshed one neither', async () => {
    expect(all).toHaveLength(CONNECTIONS);
    const kept = all.filter((_, i) => i % 4 < 2);
    const ended = all.filter((_, i) => i % 4 >= 2);
    await Promise.all(
      kept.map(({ grant }) => expecting(200, (clients[0] as ServiceClient).refresh(grant.refresh_token))),
    );
    const delays = await Promise.all(
      ended.map((connection, i) => endLogin(connection, clients[i % 2] as ServiceClient)),
    );
    await Promise.all(kept.map(({ prove }) => prove()));
    const [closed, alive] = [ended.filter(({ isOpen }) => !isOpen()), kept.filter(({ isOpen }) => isOpen())];
    report({
      proof: 'sockets',
      promise: 'Of the connections open over two processes, those whose login is ended are closed, and no other',
      setting: `${kind}, ${profile}`,
      figures: { connections: all.length, closed: closed.length, alive: alive.length, ...spread(delays) },
    });
    expect(closed).toHaveLength(CONNECTIONS / 2);
    expect(alive).toHaveLength(CONNECTIONS / 2);
    expect(spread(delays).p99_ms).toBeLessThan(timeLimit(CLOSED_WITHIN));
  }, 60_000);

  /** Milliseconds from the answer to the end of the connection. */
  async function endLogin({ grant, ended }: Connection, client: ServiceClient): Promise<number> {
    await expecting(204, client.revoke(grant.access_token, sessionIdOf(grant)));
    const answered = performance.now();
    expect(await ended).toBe('token_revoked');
    return performance.now() - answered;
  }
});
