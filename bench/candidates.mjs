/** @typedef {'opaque' | 'tracked' | 'untracked' | 'diy' | 'user-ids'} TokenKind */

/** Settings of the service in each profile; everything that is not named here has its default. */
export const PROFILES = {
  stateful: { AUTH__MODE: 'stateful' },
  tracked: { AUTH__MODE: 'stateless', AUTH__JWT__SESSIONS: 'tracked' },
  denylist: { AUTH__MODE: 'stateless', AUTH__JWT__REVOCATION: 'denylist' },
  none: { AUTH__MODE: 'stateless', AUTH__JWT__REVOCATION: 'none' },
};

const TOKENS_OF = { stateful: 'opaque', tracked: 'tracked', denylist: 'untracked', none: 'untracked' };
const NAME_OF = {
  stateful: 'Latchkey, stateful',
  tracked: 'Latchkey, stateless, tracked',
  denylist: 'Latchkey, stateless, denylist',
  none: 'Latchkey, stateless, revocation none',
};

const COLD = { AUTH__CACHE__ENABLED: 'false' };

const profiles = Object.keys(PROFILES);
const warm = profiles.map((profile) => service(profile, profile, NAME_OF[profile], {}));
const cold = profiles.map((profile) => ({
  ...service(`${profile}-cold`, profile, `${NAME_OF[profile]}, cold`, COLD),
  // A smoke run has one cold server of each kind.
  slow: profile === 'tracked' || profile === 'none',
}));

function service(id, profile, name, extra) {
  return { id, name, script: 'latchkey.mjs', tokens: TOKENS_OF[profile], settings: { ...PROFILES[profile], ...extra } };
}

/**
 * Every server that is measured. `tokens` says what its requests carry, `open` that it lets everyone in.
 * The framework alone is measured with both lengths of header, so that each profile meets its like.
 */
export const CANDIDATES = [
  ...warm,
  ...cold,
  { id: 'nest-none', name: 'Nest on Fastify, no guard', script: 'nest.mjs', tokens: 'untracked', open: true },
  nestYes('nest-yes-opaque', 'opaque', 'short header'),
  nestYes('nest-yes-jwt', 'untracked', 'JWT header'),
  { id: 'bare-read', name: 'node:http, one prepared read', script: 'bare.mjs', tokens: 'user-ids' },
  diy('diy-string', 'string secret', 'string'),
  diy('diy-keyobject', 'KeyObject', 'key'),
];

function nestYes(id, tokens, kind) {
  const name = `Nest on Fastify, guard says yes, ${kind}`;
  return { id, name, script: 'nest.mjs', tokens, open: true, env: { BENCH_GUARD: 'yes' } };
}

function diy(id, kind, secret) {
  const name = `Nest on Express, passport-jwt, ${kind}`;
  return { id, name, script: 'diy.mjs', tokens: 'diy', env: { BENCH_SECRET_AS: secret } };
}

const yesFor = (profile) => (TOKENS_OF[profile] === 'opaque' ? 'nest-yes-opaque' : 'nest-yes-jwt');

/** What is compared with what. `aim` is the least that the project wants; without it the ratio is for information. */
export const RATIOS = [
  ...profiles.map((profile) => ({ of: profile, to: yesFor(profile), aim: 0.85 })),
  { of: 'stateful', to: 'denylist', aim: 0.95 },
  { of: 'stateful', to: 'tracked', aim: 0.95 },
  ...profiles.map((profile) => ({ of: profile, to: 'bare-read', aim: 2 })),
  ...profiles.map((profile) => ({ of: `${profile}-cold`, to: yesFor(profile) })),
  { of: 'stateful-cold', to: 'bare-read' },
  { of: 'denylist-cold', to: 'bare-read' },
  { of: 'nest-yes-jwt', to: 'nest-none' },
  { of: 'denylist', to: 'diy-string' },
  { of: 'denylist', to: 'diy-keyobject' },
  { of: 'denylist-cold', to: 'diy-keyobject' },
];

/**
 * The candidates with these ids, else all of them, else those of a smoke run; in the order of the list.
 * @throws Error for an id that does not exist.
 */
export function chosen(only, quick = false) {
  const unknown = (only ?? []).filter((id) => !CANDIDATES.some((candidate) => candidate.id === id));
  if (unknown.length > 0) throw new Error(`There is no candidate ${unknown.join(', ')}; --list shows them`);
  if (only) return CANDIDATES.filter(({ id }) => only.includes(id));
  return CANDIDATES.filter(({ slow }) => !(quick && slow));
}
