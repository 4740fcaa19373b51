import { socketUrl } from '../../dist/src/database/socket-url.js';
import { TOKEN_KINDS } from './token-kinds.mjs';

/** A database of the world's server; the first one without a name. */
export function urlOf({ connection }, database = connection.database) {
  return socketUrl({ ...connection, database });
}

/** Environment of a server that is sent such tokens. */
export function environmentOf(world, { tokens, settings = {}, env = {} }) {
  return {
    DATABASE_URL: urlOf(world, TOKEN_KINDS[tokens].database),
    LATCHKEY_DATA_DIR: world.folder,
    LATCHKEY_SECRET: world.secrets.root,
    JWT_SECRET: world.secrets.jwt,
    BENCH_SECRET: world.secrets.diy,
    BENCH_PUBLIC_KEY: world.publicKeys[tokens] ?? '',
    LATCHKEY__LOG__LEVEL: 'error',
    // All load comes from one address.
    LATCHKEY__AUTH__LIMITS__ENABLED: 'false',
    // Long enough for the whole run.
    LATCHKEY__AUTH__JWT__ACCESS_TOKEN_TTL: '12h',
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`LATCHKEY__${name}`, value])),
    ...env,
  };
}
