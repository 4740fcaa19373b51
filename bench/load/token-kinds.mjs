import { createSecretKey } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import { PROFILES, signingWith } from '../candidates.mjs';

const service = (settings) => ({ script: 'latchkey.mjs', settings });
/** Each in a database of its own: in one, a new algorithm would wait until its key has been published. */
const keyPair = (algorithm) => ({
  issuer: service(signingWith(algorithm)),
  database: algorithm.toLowerCase(),
  published: true,
});
const betterAuth = { database: 'better_auth' };

/**
 * How each kind of token comes to be: given out by the server `issuer`, or made by `make`, `of` another kind. `database`
 * names the one that the servers use which are sent such tokens; `published` says that the issuer publishes its key.
 */
export const TOKEN_KINDS = {
  opaque: { issuer: service(PROFILES.stateful) },
  tracked: { issuer: service(PROFILES.tracked) },
  untracked: { issuer: service(PROFILES.denylist) },
  rs256: keyPair('RS256'),
  es256: keyPair('ES256'),
  eddsa: keyPair('EdDSA'),
  diy: { of: 'untracked', make: signedAnew },
  'user-ids': { make: ({ users }) => users.map(({ userId }) => userId) },
  'better-auth-cache': {
    ...betterAuth,
    issuer: { script: '../peers/better-auth/server.mjs', peer: 'better-auth', env: { BENCH_COOKIE_CACHE: 'on' } },
  },
  'better-auth': { ...betterAuth, of: 'better-auth-cache', make: withoutCache },
};

/** The claims of the service's own tokens, signed with the do-it-yourself secret: the same length, the same work. */
function signedAnew({ tokens, secrets }) {
  const key = createSecretKey(Buffer.from(secrets.diy));
  return tokens.untracked.map((token) => jsonwebtoken.sign(jsonwebtoken.decode(token), key));
}

/** The first cookie names the session, the second holds the copy of it. */
function withoutCache({ tokens }) {
  return tokens['better-auth-cache'].map((cookies) => cookies.split('; ')[0]);
}
