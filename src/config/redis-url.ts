/** One server of a Redis deployment. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

interface Deployment extends Credentials {
  /** Encrypted connections, checked against the certificates that Node trusts. */
  readonly tls: boolean;
  /** Never empty. The server, the sentinels to ask, or some members of the cluster. */
  readonly nodes: readonly [RedisNode, ...RedisNode[]];
}

/** What a Redis URL names. */
export type RedisAddress =
  | (Deployment & { readonly kind: 'single'; readonly database: number })
  | (Deployment & {
      readonly kind: 'sentinel';
      readonly database: number;
      readonly masterName: string;
      /** For the sentinels themselves. */
      readonly sentinel: Credentials;
    })
  | (Deployment & { readonly kind: 'cluster' });

const SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const PORTS = { single: 6379, sentinel: 26379, cluster: 6379 } as const;
const SENTINEL_PARAMETERS = ['sentinel_username', 'sentinel_password'];

/**
 * Reads `redis://user:password@host:6379/0`, `redis+sentinel://host:26379,host:26379/master/0` and
 * `redis+cluster://host:6379,host:6379`; `rediss` in place of `redis` encrypts. Null for anything else.
 */
export function parseRedisUrl(text: string): RedisAddress | null {
  try {
    const [, scheme, kind = 'single', userInfo, hosts = '', path = '', query] = SHAPE.exec(text) ?? [];
    if (scheme === undefined) return null;
    const nodes = hosts.split(',').map((host) => nodeOf(host, PORTS[kind as keyof typeof PORTS]));
    const credentials = credentialsOf(userInfo);
    if (!isSome(nodes) || !credentials) return null;
    return deploymentOf(kind, { tls: scheme === 'rediss', nodes, ...credentials }, { path, query });
  } catch {
    // Percent-encoding that cannot be read.
    return null;
  }
}

interface Rest {
  readonly path: string;
  readonly query: string | undefined;
}

function deploymentOf(kind: string, deployment: Deployment, { path, query }: Rest): RedisAddress | null {
  const sentinel = kind === 'sentinel' ? sentinelCredentials(query) : query === undefined ? {} : null;
  if (!sentinel) return null;
  if (kind === 'cluster') return path === '' ? { kind, ...deployment } : null;
  const parts = path.split('/').map(decodeURIComponent);
  const masterName = kind === 'sentinel' ? parts.shift() : undefined;
  const database = databaseOf(parts);
  if (database === null) return null;
  if (kind === 'single') return deployment.nodes.length === 1 ? { kind, ...deployment, database } : null;
  return masterName ? { kind: 'sentinel', ...deployment, database, masterName, sentinel } : null;
}

function nodeOf(text: string, defaultPort: number): RedisNode | null {
  const url = URL.canParse(`redis://${text}`) ? new URL(`redis://${text}`) : null;
  if (!url || url.host === '' || /\s/.test(text)) return null;
  const port = url.port === '' ? defaultPort : Number(url.port);
  return port > 0 ? { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port } : null;
}

function isSome(nodes: readonly (RedisNode | null)[]): nodes is [RedisNode, ...RedisNode[]] {
  return nodes.length > 0 && nodes.every((node) => node !== null);
}

/** As in every Redis URL: a name alone, `:password`, or both. */
function credentialsOf(userInfo: string | undefined): Credentials | null {
  if (userInfo === undefined) return {};
  const [username = '', password, ...more] = userInfo.split(':').map(decodeURIComponent);
  if (more.length > 0) return null;
  return { ...(username !== '' && { username }), ...(password && { password }) };
}

function databaseOf(parts: readonly string[]): number | null {
  const [text = '', ...more] = parts;
  return more.length === 0 && /^\d{0,5}$/.test(text) ? Number(text) : null;
}

function sentinelCredentials(query = ''): Credentials | null {
  const parameters = new URLSearchParams(query);
  if ([...parameters.keys()].some((name) => !SENTINEL_PARAMETERS.includes(name))) return null;
  const [username, password] = SENTINEL_PARAMETERS.map((name) => parameters.get(name));
  return { ...(username && { username }), ...(password && { password }) };
}
