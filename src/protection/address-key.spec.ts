import fc from 'fast-check';
import { addressKey } from './address-key';

const ipv4 = fc.ipV4();
const group = fc.integer({ min: 0, max: 0xffff });
/** Two thirds of the addresses that are handed out begin with these bits; none of them is a mapped IPv4 address. */
const network = fc.tuple(fc.integer({ min: 0x2000, max: 0x3fff }), group, group, group);
const host = fc.tuple(group, group, group, group);

const written = (groups: readonly number[]): string => groups.map((part) => part.toString(16)).join(':');
const padded = (groups: readonly number[]): string =>
  groups.map((part) => part.toString(16).padStart(4, '0').toUpperCase()).join(':');

describe('the key of an address', () => {
  it('is an IPv4 address itself, also when it is mapped into IPv6, in whatever notation', () => {
    fc.assert(
      fc.property(ipv4, (address) => {
        const bytes = address.split('.').map(Number) as [number, number, number, number];
        const hex = written([bytes[0] * 256 + bytes[1], bytes[2] * 256 + bytes[3]]);
        for (const form of [address, `::ffff:${address}`, `::FFFF:${hex}`, `0:0:0:0:0:ffff:${hex.toUpperCase()}`])
          expect(addressKey(form)).toBe(address);
      }),
    );
  });

  it('is one for all addresses of a /64, in upper and lower case and with or without zeros', () => {
    fc.assert(
      fc.property(network, host, host, (prefix, one, other) => {
        const key = addressKey(written([...prefix, ...one]));
        expect(key).toMatch(/\/64$/);
        expect(addressKey(padded([...prefix, ...one]))).toBe(key);
        expect(addressKey(padded([...prefix, ...other]))).toBe(key);
        expect(addressKey(`${written(prefix)}::`)).toBe(key);
      }),
    );
  });

  it('differs between networks and between IPv4 addresses', () => {
    fc.assert(
      fc.property(network, network, host, (one, other, rest) => {
        fc.pre(written(one) !== written(other));
        expect(addressKey(written([...one, ...rest]))).not.toBe(addressKey(written([...other, ...rest])));
      }),
    );
    fc.assert(
      fc.property(ipv4, ipv4, (one, other) => expect(addressKey(one) === addressKey(other)).toBe(one === other)),
    );
  });

  it('ignores the zone of a link-local address', () => {
    expect(addressKey('fe80::1%eth0')).toBe(addressKey('fe80::2%eth1'));
  });

  it('is one and the same for whatever is no address', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(typeof addressKey(text)).toBe('string')));
    for (const nothing of [null, undefined, '', 'unix:', 'localhost', '1.2.3.4.5', '::g']) {
      expect(addressKey(nothing)).toBe('unknown');
    }
  });
});
