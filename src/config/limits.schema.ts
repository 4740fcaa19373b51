import { z } from 'zod';
import { duration, integer, oneOf } from './setting-kinds';

/** So many points in so long a window; the first use of a key begins its window. */
function policy(points: number, per: string, what: string) {
  return z
    .strictObject({
      points: integer(1, 1_000_000).prefault(points).describe('How many in one window.'),
      per: window(per),
    })
    .prefault({})
    .describe(what);
}

function window(per: string) {
  return duration('1s', '24h').prefault(per).describe('The window.');
}

/** `auth.limits`: how often strangers may try. */
export const limitsSchema = z.strictObject({
  enabled: z.boolean().prefault(true).describe('Off: only the lockout and the hashing lane are left.'),
  store: oneOf('auto', 'postgres', 'redis', 'memory')
    .prefault('auto')
    .describe(
      'Where counts are kept; auto is Redis where there is one, else PostgreSQL for guesses and memory for the rest.',
    ),
  per_address: policy(100, '60s', 'All limited routes together, per address; in memory.'),
  login: policy(20, '60s', 'Sign-ins per address.'),
  refresh: policy(60, '60s', 'Refreshes per address.'),
  register: policy(10, '10m', 'Registrations per address.'),
  recovery: policy(10, '10m', 'Lost passwords and verifications per address.'),
  mfa: policy(10, '60s', 'Second factors per address.'),
  step_up: policy(10, '60s', 'Renewed proofs per address.'),
  client: policy(50, '60s', 'Failed authentications of OAuth clients per address; in memory.'),
  token: policy(100, '60s', 'Access tokens that were never valid, per address; in memory.'),
  account: policy(20, '60s', 'Sign-ins per account, whether it exists or not.'),
  recovery_account: policy(5, '1h', 'Messages about a lost password per account, whether it exists or not.'),
  tenant: z
    .strictObject({
      points: integer(0, 1_000_000).prefault(0).describe('How many in one window; 0 is no limit.'),
      per: window('60s'),
    })
    .prefault({})
    .describe('Sign-ins, registrations and recoveries of one tenant together.'),
});

/** Keys of `auth.session` about how many logins one person may have. */
export const concurrentSessions = {
  max_per_user: integer(0, 500).prefault(0).describe('Most live sessions of one person; 0 is no limit.'),
  on_limit: oneOf('end_oldest', 'refuse')
    .prefault('end_oldest')
    .describe('At the limit: end the oldest session, or refuse the new one.'),
};
