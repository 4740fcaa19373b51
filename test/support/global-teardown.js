'use strict';

const { rmSync } = require('node:fs');
const { Client } = require('pg');

/** Leaves nothing behind: neither the server and its folder, nor a database on somebody else's server. */
module.exports = async () => {
  const { memory } = globalThis.latchkeyTestRun;
  await leaveServer(globalThis.latchkeyTestRun);
  if (memory) rmSync(memory, { recursive: true, force: true });
};

async function leaveServer({ url, template, server, folder }) {
  if (server) {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
    return;
  }
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  await client.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`).finally(() => client.end());
}
