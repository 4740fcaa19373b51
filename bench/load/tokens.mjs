import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentOf } from './environment.mjs';
import { requirePeer } from './peer.mjs';
import { startServer } from './server-process.mjs';
import { TOKEN_KINDS } from './token-kinds.mjs';

/** One token for every user of the world, in the world and in a file of it, unless they are there already. */
export async function addTokens(world, kind) {
  if (world.files[kind]) return;
  const { issuer, of, make } = TOKEN_KINDS[kind];
  if (of) await addTokens(world, of);
  const file = (world.files[kind] = join(world.folder, `${kind}.txt`));
  if (issuer) await issue(world, kind, file);
  else writeFileSync(file, `${make(world).join('\n')}\n`);
  world.tokens[kind] = readFileSync(file, 'utf8').trim().split('\n');
}

async function issue(world, kind, file) {
  const { issuer, published } = TOKEN_KINDS[kind];
  if (issuer.peer) requirePeer(issuer.peer);
  const job = { BENCH_ISSUE: JSON.stringify({ users: world.usersFile, tokens: file }) };
  const env = environmentOf(world, { ...issuer, tokens: kind, env: { ...issuer.env, ...job } });
  const server = await startServer(issuer.script, { env, within: 300_000 });
  try {
    if (published) world.publicKeys[kind] = await publishedKey(server);
  } finally {
    await server.stop();
  }
}

/** The one key of the server's key set, as PEM. */
async function publishedKey({ url }) {
  const response = await fetch(new URL('/.well-known/jwks.json', url));
  const [key] = (await response.json()).keys;
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
}
