import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/src/database/embedded/embedded-postgres.js';
import { migrateUp } from '../../dist/src/database/migrate.js';
import { urlOf } from './environment.mjs';
import { TOKEN_KINDS } from './token-kinds.mjs';
import { addTokens } from './tokens.mjs';

const INSERT_USERS = `
  INSERT INTO users (id, tenant_id, email, email_key, roles, created_at, updated_at)
  SELECT id, (SELECT id FROM tenants WHERE slug = 'default'), id || '@example.com', id || '@example.com', '{user}', now(), now()
    FROM unnest($1::uuid[]) id
  RETURNING id AS "userId", tenant_id AS "tenantId", email`;
const FACTS = `SELECT current_setting('server_version') AS version`;

/** One PostgreSQL, its users and their tokens, for every server of the run. `close` removes it all. */
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
    const { connection } = database;
    const world = { folder, connection, files: {}, tokens: {}, publicKeys: {}, secrets: newSecrets() };
    await migrateUp(urlOf(world));
    await fill(world, { count, databases: databasesOf(kinds) });
    for (const kind of kinds) await addTokens(world, kind);
    return { ...world, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function newSecrets() {
  const secret = () => randomBytes(32).toString('base64');
  return { root: secret(), jwt: secret(), diy: secret() };
}

function databasesOf(kinds) {
  return [...new Set(kinds.map((kind) => TOKEN_KINDS[kind].database))].filter((name) => name !== undefined);
}

/** Users for the first database, and copies of it before any server has been there. */
async function fill(world, { count, databases }) {
  const client = new pg.Client({ connectionString: urlOf(world) });
  await client.connect();
  const ids = Array.from({ length: count }, () => randomUUID());
  world.users = (await client.query(INSERT_USERS, [ids])).rows;
  world.database = (await client.query(FACTS)).rows[0].version;
  await client.query('ANALYZE');
  for (const name of databases) await client.query(`CREATE DATABASE "${name}" TEMPLATE "${world.connection.database}"`);
  await client.end();
  world.usersFile = join(world.folder, 'users.json');
  writeFileSync(world.usersFile, JSON.stringify(world.users));
}
