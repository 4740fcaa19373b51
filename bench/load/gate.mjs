import assert from 'node:assert/strict';
import { NOBODY } from '../servers/whoami.mjs';

const SAMPLES = [0, 1, 0.5, 0.25, 0.75];

/**
 * A server that is fast and wrong is not measured: good tokens must be answered with their own user, forged ones with
 * 401, none with 401. A server that is open to everyone must answer all of them with nobody.
 * @throws AssertionError that names what was wrong.
 */
export async function requireCorrect({ url }, { open = false, header, tokens, users }) {
  const server = { url, header };
  const indexes = SAMPLES.map((share) => Math.round(share * (tokens.length - 1)));
  for (const index of indexes) {
    const expected = open ? NOBODY : users[index];
    // Twice: the second answer may come from a cache.
    for (let time = 0; time < 2; time++) await answers(server, tokens[index], expected);
    if (open) continue;
    await refuses(server, forged(tokens[index]));
    await answers(server, tokens[index], expected);
  }
  if (!open) await refuses(server, undefined);
}

async function answers(server, token, { userId, tenantId }) {
  const response = await ask(server, token);
  assert.equal(response.status, 200, 'a good token is accepted');
  assert.deepEqual(await response.json(), { user_id: userId, tenant_id: tenantId }, 'with its own user');
}

async function refuses(server, token) {
  const response = await ask(server, token);
  await response.body?.cancel();
  assert.equal(response.status, 401, token ? 'a forged token is refused' : 'a request without a token is refused');
}

function ask({ url, header }, token) {
  return fetch(url, { headers: token ? { [header.name]: header.prefix + token } : {} });
}

/** The same token, or each of the same cookies, with one character changed that carries nothing but secret or signature. */
function forged(token) {
  return token.split('; ').map(changed).join('; ');
}

function changed(token) {
  const place = token.length - 6;
  return token.slice(0, place) + (token[place] === 'a' ? 'b' : 'a') + token.slice(place + 1);
}
