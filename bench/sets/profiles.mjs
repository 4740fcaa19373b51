import { COLD, nestYes, PROFILES } from '../candidates.mjs';

const TOKENS_OF = { stateful: 'opaque', tracked: 'tracked', denylist: 'untracked', none: 'untracked' };
const NAME_OF = {
  stateful: 'Latchkey, stateful',
  tracked: 'Latchkey, stateless, tracked',
  denylist: 'Latchkey, stateless, denylist',
  none: 'Latchkey, stateless, revocation none',
};

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

function diy(id, kind, secret) {
  const name = `Nest on Express, passport-jwt, ${kind}`;
  return { id, name, script: 'diy.mjs', tokens: 'diy', env: { BENCH_SECRET_AS: secret } };
}

const yesFor = (profile) => (TOKENS_OF[profile] === 'opaque' ? 'nest-yes-opaque' : 'nest-yes-jwt');

/** Both modes in each of their profiles, with the algorithm of a shared secret. */
export const profileSet = {
  results: 'throughput',
  title: 'Guarded requests',
  pace: { rounds: 9, duration: 8, warmup: 3 },

  /** @type {import('../candidates.mjs').Candidate[]} */
  candidates: [
    ...warm,
    ...cold,
    { id: 'nest-none', name: 'Nest on Fastify, no guard', script: 'nest.mjs', tokens: 'untracked', open: true },
    nestYes('nest-yes-opaque', 'opaque', 'short header'),
    nestYes('nest-yes-jwt', 'untracked', 'JWT header'),
    { id: 'bare-read', name: 'node:http, one prepared read', script: 'bare.mjs', tokens: 'user-ids' },
    diy('diy-string', 'string secret', 'string'),
    diy('diy-keyobject', 'KeyObject', 'key'),
  ],

  ratios: [
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
  ],

  notes: [],
};
