import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jsonwebtoken from 'jsonwebtoken';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/src/database/embedded/embedded-postgres.js';
import { migrateUp } from '../../dist/src/database/migrate.js';
import { socketUrl } from '../../dist/src/database/socket-url.js';
import { PROFILES } from '../candidates.mjs';
import { startServer } from './server-process.mjs';

const ISSUED_IN = { opaque: 'stateful', tracked: 'tracked', untracked: 'denylist' };
const INSERT_USERS = `
  INSERT INTO users (id, tenant_id, email, email_key, roles, created_at, updated_at)
  SELECT id, (SELECT id FROM tenants WHERE slug = 'default'), id || '@example.com', id || '@example.com', '{user}', now(), now()
    FROM unnest($1::uuid[]) id
  RETURNING id AS "userId", tenant_id AS "tenantId", email`;
const FACTS = `SELECT current_setting('server_version') AS version`;

/** One database, its users and their tokens, for every server of the run. `close` removes it all. */
export async function createWorld({ tokens: count, kinds }) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  // PostgreSQL runs as another user when this runs as root.
  chmodSync(folder, 0o711);
  const log = { info() {}, warn() {}, error: (facts, message) => console.error(message, facts) };
  const database = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log });
  const close = async () => {
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const world = { folder, url: socketUrl(database.connection), files: {}, tokens: {}, secrets: newSecrets() };
    await migrateUp(world.url);
    await addUsers(world, count);
    for (const kind of kinds) await addTokens(world, kind);
    return { ...world, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Environment of a candidate's server. */
export function environmentOf(world, { settings = {}, env = {} }) {
  return {
    DATABASE_URL: world.url,
    LATCHKEY_DATA_DIR: world.folder,
    LATCHKEY_SECRET: world.secrets.root,
    JWT_SECRET: world.secrets.jwt,
    BENCH_SECRET: world.secrets.diy,
    LATCHKEY__LOG__LEVEL: 'error',
    // Long enough for the whole run.
    LATCHKEY__AUTH__JWT__ACCESS_TOKEN_TTL: '12h',
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`LATCHKEY__${name}`, value])),
    ...env,
  };
}

function newSecrets() {
  const secret = () => randomBytes(32).toString('base64');
  return { root: secret(), jwt: secret(), diy: secret() };
}

async function addUsers(world, count) {
  const client = new pg.Client({ connectionString: world.url });
  await client.connect();
  const ids = Array.from({ length: count }, () => randomUUID());
  world.users = (await client.query(INSERT_USERS, [ids])).rows;
  world.database = (await client.query(FACTS)).rows[0].version;
  await client.query('ANALYZE');
  await client.end();
  world.usersFile = join(world.folder, 'users.json');
  writeFileSync(world.usersFile, JSON.stringify(world.users));
}

async function addTokens(world, kind) {
  if (world.files[kind]) return;
  const file = (world.files[kind] = join(world.folder, `${kind}.txt`));
  if (kind === 'user-ids')
    writeLines(
      file,
      world.users.map((user) => user.userId),
    );
  else if (kind === 'diy') writeLines(file, await signedAnew(world));
  else await issue(world, kind, file);
  world.tokens[kind] = readFileSync(file, 'utf8').trim().split('\n');
}

async function issue(world, kind, file) {
  const env = { BENCH_ISSUE: JSON.stringify({ users: world.usersFile, tokens: file }) };
  const settings = PROFILES[ISSUED_IN[kind]];
  const server = await startServer('latchkey.mjs', { env: environmentOf(world, { settings, env }) });
  await server.stop();
}

/** The claims of the service's own tokens, signed with the do-it-yourself secret: the same length, the same work. */
async function signedAnew(world) {
  await addTokens(world, 'untracked');
  const key = createSecretKey(Buffer.from(world.secrets.diy));
  return world.tokens.untracked.map((token) => jsonwebtoken.sign(jsonwebtoken.decode(token), key));
}

function writeLines(file, lines) {
  writeFileSync(file, `${lines.join('\n')}\n`);
}
