'use strict';

const { randomBytes } = require('node:crypto');
const { chmodSync, mkdtempSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { Client } = require('pg');
const { startEmbeddedPostgres } = require('../../dist/src/database/embedded/embedded-postgres.js');
const { migrateUp } = require('../../dist/src/database/migrate.js');
const { socketUrl } = require('../../dist/src/database/socket-url.js');
const { folderInMemory } = require('./memory-folder.js');

const FAST_AND_FORGETFUL = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
const log = { info() {}, warn() {}, error: console.error };

/** One server for the whole run, embedded or the one DATABASE_URL names, with a migrated database to clone. */
module.exports = async () => {
  // What proofs measure in full size, they measure on a disk.
  const memory = process.env.LATCHKEY_PROOF === 'full' ? null : folderInMemory();
  if (memory) process.env.TMPDIR = memory;
  const run = process.env.DATABASE_URL ? { url: process.env.DATABASE_URL } : await startServer();
  const template = `latchkey_template_${randomBytes(6).toString('hex')}`;
  await createDatabase(run.url, template);
  const templateUrl = new URL(run.url);
  templateUrl.pathname = `/${template}`;
  await migrateUp(templateUrl.href);
  globalThis.latchkeyTestRun = { ...run, template, memory };
  process.env.LATCHKEY_TEST_PG = JSON.stringify({ url: run.url, template, embedded: run.server !== undefined });
};

async function startServer() {
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-test-'));
  chmodSync(folder, 0o711);
  const server = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    settings: FAST_AND_FORGETFUL,
    log,
  });
  return { url: socketUrl(server.connection), server, folder };
}

async function createDatabase(url, name) {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`).finally(() => client.end());
}
