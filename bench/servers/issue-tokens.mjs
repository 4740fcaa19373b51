import { readFileSync, writeFileSync } from 'node:fs';
import { AuthStrategies } from '../../dist/src/strategy/auth-strategies.js';
import { NO_TERMS } from '../../dist/src/tenancy/login-terms.js';

const AT_ONCE = 16;

/**
 * Starts a login for every user of the file `users` and writes the access tokens to `tokens`, one a line. The users
 * have no password: what is measured begins after the login.
 */
export async function issueTokens(app, { users, tokens }) {
  const strategy = app.get(AuthStrategies, { strict: false }).issuing(NO_TERMS.mode);
  const all = JSON.parse(readFileSync(users, 'utf8'));
  const issued = [];
  for (let start = 0; start < all.length; start += AT_ONCE) {
    const grants = await Promise.all(all.slice(start, start + AT_ONCE).map((user) => login(strategy, user)));
    issued.push(...grants.map((grant) => grant.accessToken));
  }
  writeFileSync(tokens, `${issued.join('\n')}\n`);
}

function login(strategy, { userId, tenantId, email }) {
  const principal = { kind: 'user', userId, tenantId, email, username: null, name: null, roles: ['user'] };
  const generations = { global: 0, tenant: 0, user: 0 };
  const client = { ipAddress: '127.0.0.1', userAgent: null };
  return strategy.issue({ principal, generations, terms: NO_TERMS }, { client, amr: ['pwd'], remember: true });
}
