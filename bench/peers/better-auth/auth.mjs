import { betterAuth } from 'better-auth';
import pg from 'pg';

const TWELVE_HOURS = 12 * 60 * 60;

export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
pool.on('error', (error) => console.error(error.message));

/** better-auth as its documentation shows it, with what costs time and is not asked for here switched off. */
export const options = {
  baseURL: 'http://127.0.0.1',
  secret: process.env.BENCH_SECRET,
  database: pool,
  // Logins are not measured: the users' password costs nothing to check.
  emailAndPassword: { enabled: true, password: { hash: async (text) => text, verify: async () => true } },
  user: { additionalFields: { tenantId: { type: 'string', required: true, input: false } } },
  // A copy of the session in the cookie usually holds for five minutes; here for the whole run.
  session: { cookieCache: { enabled: process.env.BENCH_COOKIE_CACHE === 'on', maxAge: TWELVE_HOURS } },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  // Session and user in one query; two by default.
  advanced: { database: { joins: true } },
};

export const auth = betterAuth(options);
