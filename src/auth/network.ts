import ipaddr from 'ipaddr.js';

const PREFIX = { ipv4: 16, ipv6: 48 } as const;

/** The part of an address that stays when a line gets another one: /16 of IPv4, /48 of IPv6. Null for what is none. */
export function networkOf(address: string | null): string | null {
  if (address === null || !ipaddr.isValid(address)) return null;
  const parsed = ipaddr.process(address);
  const length = PREFIX[parsed.kind()];
  const kept = parsed.toByteArray().slice(0, length / 8);
  return `${kept.join('.')}/${length}`;
}
