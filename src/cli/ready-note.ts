import path from 'node:path';
import type { Config } from '../config/config';
import type { Capabilities } from '../strategy/mode-capabilities';

const EVERYWHERE = /^(0\.0\.0\.0|::|localhost|127\.0\.0\.1|::1)$/;
const EMAIL = 'ada@example.com';

/** What a person who just started the service wants to know. Holds no secret and no password of the database. */
export function readyNote(config: Config, capabilities: Capabilities, port: number): string {
  const url = localUrl(config, port);
  const lines = [
    'Latchkey is ready.',
    '',
    `  URL       ${url}   (the API is described at ${url}/docs)`,
    `  Mode      ${modeText(capabilities)}`,
    `  Database  ${databaseText(config)}`,
    '',
    'A first login:',
    '',
    ...firstLogin(url, capabilities).map((line) => `  ${line}`),
  ];
  return `\n${lines.join('\n')}\n\n`;
}

export function modeText({ mode, accessToken, logoutTakesEffect }: Capabilities): string {
  const token = accessToken === 'opaque' ? 'opaque session tokens' : 'signed JWTs';
  const logout = logoutTakesEffect === 'at_once' ? 'at once' : 'when the token expires';
  return `${mode}: ${token}; a logout takes effect ${logout}`;
}

/** Host and database alone: a URL may hold a password. */
export function databaseText({ database, dataDir }: Pick<Config, 'database' | 'dataDir'>): string {
  if (!database.url) return `embedded PostgreSQL in ${path.join(dataDir, 'postgres')}`;
  const { hostname, port, pathname, searchParams } = new URL(database.url);
  const host = searchParams.get('host') ?? hostname;
  return `PostgreSQL at ${host}:${searchParams.get('port') ?? (port || '5432')}${pathname}`;
}

function localUrl({ server }: Config, port: number): string {
  const host = EVERYWHERE.test(server.host)
    ? 'localhost'
    : server.host.includes(':')
      ? `[${server.host}]`
      : server.host;
  return `http://${host}:${port}${server.basePath}`;
}

function firstLogin(url: string, { registration }: Capabilities): string[] {
  const account = `'{"email": "${EMAIL}", "password": "correct horse battery"}'`;
  const post = (path: string) => `curl -s ${url}${path} -H 'content-type: application/json' -d ${account}`;
  const register = registration === 'open' ? post('/auth/register') : `latchkey users create --email ${EMAIL}`;
  return [register, post('/auth/login')];
}
