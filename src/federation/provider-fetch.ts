import { lookup as lookUp } from 'node:dns';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { CustomFetch } from 'openid-client';

export interface AddressPolicy {
  /** Addresses that only this network reaches, this machine among them. */
  readonly allowPrivate: boolean;
  /** Plain http. */
  readonly allowHttp: boolean;
}

/** Bytes. */
const LONGEST = 1024 * 1024;

/** Plain http only where a provider may be in a private network, and never in production. */
export function addressPolicy(allowPrivate: boolean, environment: string): AddressPolicy {
  return { allowPrivate, allowHttp: allowPrivate && environment !== 'production' };
}

/** There was no answer, or none that says anything. */
export class ProviderUnreachable extends Error {
  override readonly name = 'ProviderUnreachable';
}

/**
 * `fetch` for what a provider's metadata names: no address inside this network, whatever a name resolves to at the
 * moment of the connection, no redirects, one bound on the size of an answer.
 */
export function providerFetch(policy: AddressPolicy): CustomFetch {
  return async (address, { method, headers, body, signal }) => {
    const url = new URL(address);
    requireAllowed(url, policy);
    const options = { method, headers, signal, lookup: policy.allowPrivate ? undefined : lookUpPublic };
    return new Promise<Response>((resolve, reject) => {
      const fail = (cause: unknown): void => reject(new ProviderUnreachable(`${url.origin} gave no answer`, { cause }));
      const send = url.protocol === 'https:' ? requestHttps : requestHttp;
      const request = send(url, options, (answer) => void responseOf(answer).then(resolve, fail));
      request.on('error', fail).end(body == null ? undefined : bodyText(body));
    });
  };
}

function bodyText(body: unknown): string {
  if (typeof body === 'string' || body instanceof URLSearchParams) return String(body);
  throw new TypeError('Only forms are sent to providers');
}

async function responseOf(answer: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST) throw new Error('The answer is too long');
    chunks.push(chunk);
  }
  const status = answer.statusCode ?? 0;
  if (status >= 500) throw new Error(`It answered ${status}`);
  const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return new Response(length === 0 ? null : Buffer.concat(chunks), { status, headers });
}

function requireAllowed({ protocol, hostname, origin }: URL, { allowPrivate, allowHttp }: AddressPolicy): void {
  const secure = protocol === 'https:' || (protocol === 'http:' && allowHttp);
  const literal = hostname.replace(/^\[|\]$/g, '');
  const inside = !allowPrivate && ipaddr.isValid(literal) && !isPublic(literal);
  if (!secure || inside) throw new ProviderUnreachable(`${origin} is no address that providers may have`);
}

/** Judges what is connected to: a name that is looked up twice may answer otherwise the second time. */
const lookUpPublic: LookupFunction = (hostname, options, callback) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    const inside = addresses.some(({ address }) => !isPublic(address));
    const [first] = addresses;
    if (inside || !first) return callback(new Error(`${hostname} is in a private network`), '', 0);
    if (options.all) return callback(null, addresses);
    callback(null, first.address, first.family);
  });
};

function isPublic(address: string): boolean {
  return ipaddr.process(address).range() === 'unicast';
}
