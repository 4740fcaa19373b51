import proxyAddr from '@fastify/proxy-addr';
import type { SocketOptions } from '@latchkey/nest';
import type { Config } from '../config/config';
import { dropIdentityHeaders } from './identity-headers';

/** Handshakes under the same rules as requests: the same origins, proxies and headers. */
export function socketOptions({ auth, server }: Config): SocketOptions {
  const { origins, cookieName, queryToken } = auth.sockets;
  const trusted = server.trustedProxies.length > 0 ? proxyAddr.compile([...server.trustedProxies]) : null;
  return {
    origins: [...origins, server.publicUrl],
    cookieName: cookieName === '' ? undefined : cookieName,
    queryToken,
    prepare: ({ headers }) => dropIdentityHeaders(headers),
    addressOf: trusted ? (request) => proxyAddr(request, trusted) : undefined,
  };
}
