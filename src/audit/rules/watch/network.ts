import ipaddr from 'ipaddr.js';

/** What one connection is mostly handed out of: an address changes within it from day to day, and means nothing. */
const PREFIX = { ipv4: 24, ipv6: 48 } as const;

/**
 * The network that an address belongs to: its first 24 bits (IPv4, also where IPv6 carries it) or 48 (IPv6).
 * @returns such as `203.0.113.0/24`; null where the text is no address
 */
export function networkOf(address: string): string | null {
  const bare = address.replace(/%.*$/, '');
  if (!ipaddr.IPv4.isValidFourPartDecimal(bare) && !ipaddr.IPv6.isValid(bare)) return null;
  const parsed = ipaddr.process(bare);
  const network =
    parsed instanceof ipaddr.IPv4
      ? ipaddr.IPv4.networkAddressFromCIDR(`${parsed.toString()}/${PREFIX.ipv4}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${PREFIX.ipv6}`);
  return `${network.toString()}/${PREFIX[parsed.kind()]}`;
}
