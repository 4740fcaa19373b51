import type { ConnectedProvider } from './connected-provider';
import { notProven } from './claims-reader';

type Json = Readonly<Record<string, unknown>>;

const GITHUB = 'https://github.com';

/** What an ID token would say, from GitHub's interface: the account, and its primary address if that is verified. */
export async function githubClaims(connected: ConnectedProvider, accessToken: string): Promise<Json> {
  const { issuer } = connected.provider;
  const api = issuer === GITHUB ? 'https://api.github.com' : `${issuer}/api/v3`;
  const user = (await get(connected, `${api}/user`, accessToken)) as Json;
  // The name can be given to somebody else one day; the number cannot.
  if (!Number.isSafeInteger(user['id'])) throw notProven('id');
  const emails = await get(connected, `${api}/user/emails`, accessToken);
  const primary = (Array.isArray(emails) ? (emails as Json[]) : []).find((entry) => entry?.['primary'] === true);
  return {
    sub: String(user['id']),
    preferred_username: user['login'],
    name: user['name'],
    email: primary?.['email'],
    email_verified: primary?.['verified'],
  };
}

async function get({ fetch, configuration }: ConnectedProvider, url: string, accessToken: string): Promise<unknown> {
  const headers = {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${accessToken}`,
    'user-agent': 'latchkey',
  };
  const signal = AbortSignal.timeout((configuration.timeout ?? 5) * 1_000);
  const response = await fetch(url, { method: 'GET', headers, body: undefined, redirect: 'manual', signal });
  if (response.status !== 200) throw notProven(`answered ${response.status}`);
  const value: unknown = await response.json();
  if (typeof value !== 'object' || value === null) throw notProven('no object');
  return value;
}
