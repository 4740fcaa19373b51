/** @typedef {keyof typeof import('./load/token-kinds.mjs').TOKEN_KINDS} TokenKind */

/**
 * A server that is measured: `script` of `servers/`, started with `settings` of the service and `env`.
 * @typedef {object} Candidate
 * @property {string} id
 * @property {string} name
 * @property {string} script
 * @property {TokenKind} tokens What its requests carry.
 * @property {Record<string, string>} [settings]
 * @property {Record<string, string>} [env]
 * @property {boolean} [open] Lets everyone in.
 * @property {boolean} [cookies] Its tokens are sent as cookies.
 * @property {boolean} [forgetful] Keeps nothing of a token, so that warming need not show it every one twice.
 * @property {boolean} [slow] Left out of a smoke run.
 */

/** Settings of the service in each profile; everything that is not named here has its default. */
export const PROFILES = {
  stateful: { AUTH__MODE: 'stateful' },
  tracked: { AUTH__MODE: 'stateless', AUTH__JWT__SESSIONS: 'tracked' },
  denylist: { AUTH__MODE: 'stateless', AUTH__JWT__REVOCATION: 'denylist' },
  none: { AUTH__MODE: 'stateless', AUTH__JWT__REVOCATION: 'none' },
};

/** Every request takes the whole path. */
export const COLD = { AUTH__CACHE__ENABLED: 'false' };

/** Settings of the service that signs with a key pair which it made itself; the secret that it has too only verifies. */
export const signingWith = (algorithm) => ({ ...PROFILES.denylist, AUTH__JWT__ALGORITHM: algorithm });

/** Nest on Fastify with a guard that says yes; the length of the header counts, so each meets its like. */
export function nestYes(id, tokens, header) {
  const name = `Nest on Fastify, guard says yes, ${header}`;
  return { id, name, script: 'nest.mjs', tokens, open: true, env: { BENCH_GUARD: 'yes' } };
}
