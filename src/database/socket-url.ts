/** A database behind a Unix socket in the folder `host`. */
export interface SocketConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** The connection as a URL that `URL`, libpq, pg and TypeORM all read alike; the host name in it is only a placeholder. */
export function socketUrl({ host, port, user, database }: SocketConnection): string {
  const place = new URLSearchParams({ host, port: String(port) });
  return `postgres://${encodeURIComponent(user)}@localhost/${encodeURIComponent(database)}?${place}`;
}
