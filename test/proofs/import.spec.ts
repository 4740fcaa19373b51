import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { report } from '../support/figures';
import { FOREIGN_FORMS } from '../support/foreign-people';
import { proofSize } from '../support/proof-size';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { temporaryFolder } from '../support/test-server';
import { until } from '../support/until';

const PEOPLE = proofSize({ reduced: 2_000, full: 100_000 });
const KILL_AT = PEOPLE * 0.4;
/** What the process may take beyond one that imports ten people. */
const MOST_GROWTH_MB = 96;
const CLI = path.resolve(__dirname, '../../dist/src/cli/latchkey.js');

interface Run {
  readonly code: number | null;
  readonly seconds: number;
  readonly peakMb: number;
  readonly summary: { created: number; skipped: number; refused: number };
}

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await temporaryFolder();
  database = await createTestDatabase();
  await write('few.jsonl', 10, 'few');
  await write('people.jsonl', PEOPLE, 'person');
}, 120_000);

afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Hashes of a few passwords, in every foreign form by turns: making them is not what is measured. */
async function write(name: string, count: number, word: string): Promise<void> {
  const hashes = Object.values(FOREIGN_FORMS).flatMap((form) =>
    [1, 2, 3].map((n) => form(`password ${n}`, `salt-${n}`)),
  );
  const file = createWriteStream(path.join(folder, name));
  for (let i = 0; i < count; i += 1) {
    const person = {
      email: `${word}${i}@example.com`,
      name: `Person ${i}`,
      roles: ['member'],
      ...hashes[i % hashes.length],
    };
    if (!file.write(`${JSON.stringify(person)}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}

function importing(name: string) {
  const env = {
    PATH: process.env['PATH'] ?? '',
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    LATCHKEY_DATA_DIR: folder,
    LATCHKEY_SECRET: 'a root key for tests, longer than thirty-two bytes',
  };
  const begun = performance.now();
  const node = spawn(process.execPath, [CLI, 'users', 'import', path.join(folder, name), '--json'], { env });
  let [stdout, peakMb] = ['', 0];
  node.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const watch = setInterval(() => (peakMb = Math.max(peakMb, peakOf(node.pid))), 50);
  const ended = (once(node, 'close') as Promise<[number | null]>).then(([code]): Run => {
    clearInterval(watch);
    const summary = stdout === '' ? { created: 0, skipped: 0, refused: 0 } : (JSON.parse(stdout) as Run['summary']);
    return { code, seconds: (performance.now() - begun) / 1_000, peakMb, summary };
  });
  return { ended, kill: () => node.kill('SIGKILL') };
}

function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

async function counted(): Promise<{ people: number; distinct: number; hashed: number }> {
  const { rows } = await withClient(database.url, (client) =>
    client.query<{ people: number; distinct: number; hashed: number }>(`
      SELECT count(*)::integer AS people, count(DISTINCT email_key)::integer AS distinct,
             count(password_hash)::integer AS hashed FROM users WHERE email LIKE 'person%'`),
  );
  return rows[0]!;
}

describe(`an import of ${PEOPLE} people with foreign hashes`, () => {
  it('that kill -9 cut short is given again: nobody is there twice and nobody is missing', async () => {
    const few = await importing('few.jsonl').ended;
    const first = importing('people.jsonl');
    await until('a good part is imported', async () => (await counted()).people >= KILL_AT, { within: 120_000 });
    first.kill();
    await first.ended;
    const atKill = (await counted()).people;
    const second = await importing('people.jsonl').ended;
    const after = await counted();
    const third = await importing('people.jsonl').ended;
    report({
      proof: 'import',
      promise: 'An import that kill -9 cuts short is given again as it was: nobody is there twice, nobody is missing',
      figures: {
        people: PEOPLE,
        imported_when_killed: atKill,
        imported_by_the_second_run: second.summary.created,
        there_twice: after.people - after.distinct,
        missing: PEOPLE - after.distinct,
        without_a_hash: PEOPLE - after.hashed,
        rows_per_second: Math.round(PEOPLE / second.seconds),
        seconds_of_a_run_that_finds_everybody: Math.round(third.seconds * 10) / 10,
        peak_memory_mb: Math.round(second.peakMb),
        peak_memory_of_ten_people_mb: Math.round(few.peakMb),
      },
    });
    expect(atKill).toBeLessThan(PEOPLE);
    expect(after).toEqual({ people: PEOPLE, distinct: PEOPLE, hashed: PEOPLE });
    expect(second).toMatchObject({ code: 0, summary: { created: PEOPLE - atKill, skipped: atKill, refused: 0 } });
    expect(third.summary).toMatchObject({ created: 0, skipped: PEOPLE });
    expect(second.peakMb - few.peakMb).toBeLessThan(MOST_GROWTH_MB);
  }, 300_000);
});
