'use strict';

// A service process as far as the embedded server is concerned: node run-embedded.js <build folder> <data folder>
const path = require('node:path');
const [, , build, dataDir] = process.argv;
const { startEmbeddedPostgres } = require(path.join(build, 'src/database/embedded/embedded-postgres.js'));

const log = { info() {}, warn: (_facts, message) => console.error(message), error: console.error };

startEmbeddedPostgres({ dataDir, log }).then(
  (server) => {
    process.once('SIGTERM', () => server.stop().then(() => process.exit()));
    setInterval(() => {}, 60_000);
    console.log(JSON.stringify({ pid: server.pid, adopted: server.adopted, connection: server.connection }));
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
