import { COLD, nestYes, PROFILES, signingWith } from '../candidates.mjs';

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
const BETTER_AUTH = { script: '../peers/better-auth/server.mjs', cookies: true, forgetful: true };

const idOf = (algorithm) => algorithm.toLowerCase();
/** Tokens of ES256 and EdDSA have the same length: both signatures are 64 bytes. */
const yesFor = (algorithm) => (algorithm === 'RS256' ? 'nest-yes-rs256' : 'nest-yes-es256');

const STATES = { warm: { extra: {}, forgetful: false }, cold: { extra: COLD, forgetful: true } };

function service(id, state, { name, tokens, settings }) {
  const { extra, forgetful } = STATES[state];
  return {
    id: state === 'cold' ? `${id}-cold` : id,
    name: `Latchkey, ${name}, ${state}`,
    script: 'latchkey.mjs',
    tokens,
    settings: { ...settings, ...extra },
    forgetful,
  };
}

function signed(algorithm, state) {
  const id = idOf(algorithm);
  return service(id, state, { name: algorithm, tokens: id, settings: signingWith(algorithm) });
}

function stateful(state) {
  return service('stateful', state, { name: 'stateful', tokens: 'opaque', settings: PROFILES.stateful });
}

function diy(algorithm, key, name) {
  return {
    id: `diy-${idOf(algorithm)}-${key}`,
    name: `Nest on Express, passport-jwt, ${algorithm}, ${name}`,
    script: 'diy.mjs',
    tokens: idOf(algorithm),
    env: { BENCH_ALGORITHM: algorithm, BENCH_SECRET_AS: key === 'key' ? 'key' : 'string' },
    forgetful: true,
  };
}

const diyRatios = ['RS256', 'ES256'].map(idOf).flatMap((id) => [
  { of: id, to: `diy-${id}-pem` },
  { of: id, to: `diy-${id}-key`, ...(id === 'rs256' ? { aim: 8 } : {}) },
  { of: `${id}-cold`, to: `diy-${id}-key` },
]);

/** Key pairs, and what others do for the same request. */
export const algorithmSet = {
  results: 'algorithms',
  title: 'Guarded requests: RS256, ES256, EdDSA and other people’s sessions',
  pace: { rounds: 4, duration: 3, warmup: 4 },

  /** @type {import('../candidates.mjs').Candidate[]} */
  candidates: [
    ...ALGORITHMS.map((algorithm) => signed(algorithm, 'warm')),
    ...ALGORITHMS.map((algorithm) => signed(algorithm, 'cold')),
    stateful('warm'),
    stateful('cold'),
    nestYes('nest-yes-rs256', 'rs256', 'RS256 header'),
    nestYes('nest-yes-es256', 'es256', 'ES256 header'),
    {
      id: 'express-yes',
      name: 'Nest on Express, guard says yes, RS256 header',
      script: 'nest.mjs',
      tokens: 'rs256',
      open: true,
      forgetful: true,
      env: { BENCH_GUARD: 'yes', BENCH_ADAPTER: 'express' },
    },
    diy('RS256', 'pem', 'PEM'),
    diy('RS256', 'key', 'KeyObject'),
    diy('ES256', 'pem', 'PEM'),
    diy('ES256', 'key', 'KeyObject'),
    {
      id: 'diy-eddsa-jose',
      name: 'Nest on Express, jose, EdDSA, CryptoKey',
      script: 'diy-jose.mjs',
      tokens: 'eddsa',
      forgetful: true,
    },
    {
      id: 'better-auth',
      name: 'Nest on Express, better-auth, sessions in PostgreSQL',
      tokens: 'better-auth',
      ...BETTER_AUTH,
    },
    {
      id: 'better-auth-cache',
      name: 'Nest on Express, better-auth, cookie cache',
      tokens: 'better-auth-cache',
      env: { BENCH_COOKIE_CACHE: 'on' },
      ...BETTER_AUTH,
    },
  ],

  ratios: [
    ...ALGORITHMS.map((algorithm) => ({ of: idOf(algorithm), to: yesFor(algorithm) })),
    ...ALGORITHMS.map((algorithm) => ({ of: `${idOf(algorithm)}-cold`, to: yesFor(algorithm) })),
    ...diyRatios,
    { of: 'eddsa', to: 'diy-eddsa-jose' },
    { of: 'eddsa-cold', to: 'diy-eddsa-jose' },
    { of: 'rs256', to: 'better-auth', aim: 20 },
    { of: 'stateful', to: 'better-auth', aim: 20 },
    { of: 'stateful-cold', to: 'better-auth' },
    { of: 'rs256', to: 'better-auth-cache' },
    { of: 'rs256-cold', to: 'better-auth-cache' },
    { of: 'stateful', to: 'better-auth-cache' },
    { of: 'nest-yes-rs256', to: 'express-yes' },
  ],

  notes: [
    'There is no passport-jwt with EdDSA: it checks with jsonwebtoken, which knows RS, PS, ES and HS only. The row with jose is a guard of a\n' +
      'few lines around `jwtVerify`, without passport.',
    'better-auth 1.7.25 in the same Nest, with a guard that calls `auth.api.getSession`. Set in its favour: sessions and users read with one\n' +
      'join instead of two queries (`advanced.database.joins`, off by default), a cookie cache that outlasts the run (5 minutes by default), no rate\n' +
      'limit, no telemetry, errors alone logged, no plugin. The same pool of 10 connections as the other servers. One that reads its sessions from\n' +
      'PostgreSQL has an answer for a login that ended a moment ago; one with the cookie cache has it when the cache ends.',
  ],
};
