import { readFileSync, writeFileSync } from 'node:fs';
import { getMigrations } from 'better-auth/db/migration';
import { auth, options, pool } from './auth.mjs';

const AT_ONCE = 16;
const PASSWORD = 'not measured';
const INSERT_USERS = `
  INSERT INTO "user" (id, name, email, "emailVerified", "tenantId", "createdAt", "updatedAt")
  SELECT id, '', email, true, tenant, now(), now() FROM unnest($1::text[], $2::text[], $3::text[]) AS given (id, tenant, email)`;
const INSERT_ACCOUNTS = `
  INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
  SELECT id, id, 'credential', id, $2, now(), now() FROM unnest($1::text[]) AS id`;

/** Makes the tables, signs in every user of the file `users` and writes the cookies that they get to `tokens`, one user a line. */
export async function signInAll({ users, tokens }) {
  await (await getMigrations(options)).runMigrations();
  const all = JSON.parse(readFileSync(users, 'utf8'));
  await addUsers(all);
  const lines = [];
  for (let start = 0; start < all.length; start += AT_ONCE) {
    lines.push(...(await Promise.all(all.slice(start, start + AT_ONCE).map(cookiesOf))));
  }
  await pool.query('ANALYZE');
  writeFileSync(tokens, `${lines.join('\n')}\n`);
}

async function addUsers(users) {
  const ids = users.map(({ userId }) => userId);
  await pool.query(INSERT_USERS, [ids, users.map(({ tenantId }) => tenantId), users.map(({ email }) => email)]);
  await pool.query(INSERT_ACCOUNTS, [ids, PASSWORD]);
}

/** What a browser would send from now on. */
async function cookiesOf({ email }) {
  const { headers } = await auth.api.signInEmail({ body: { email, password: PASSWORD }, returnHeaders: true });
  return headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}
