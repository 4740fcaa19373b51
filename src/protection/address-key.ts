import ipaddr from 'ipaddr.js';

const IPV6_NETWORK_BYTES = 8;

/**
 * One key for one caller: IPv4 as it is, also when it is mapped into IPv6, and the /64 of an IPv6 address, which one household
 * or one machine has to itself. However it is written, the key is the same.
 */
export function addressKey(address: string | null | undefined): string {
  if (!address || !ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const network = [...parsed.toByteArray().slice(0, IPV6_NETWORK_BYTES), ...Array<number>(IPV6_NETWORK_BYTES).fill(0)];
  return `${ipaddr.fromByteArray(network).toString()}/64`;
}
