import ipaddr from 'ipaddr.js';

/** All of the IPv6 Internet is in here (RFC 4291, 2.4); whatever else parses as an address leads somewhere special. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** Public by their numbers, but answered by the cloud's own machinery on the inside. */
const METADATA_SERVICES: ReadonlySet<string> = new Set(['168.63.129.16']);

/**
 * Whether an address belongs to the open Internet. Not: private, loopback, link-local, shared (RFC 6598), unique-local,
 * multicast, reserved and documentation ranges (IANA special-purpose registries), nor IPv6 that carries an IPv4 address
 * inside (mapped, NAT64, 6to4, Teredo), which would lead back to any of them.
 * @param address an IPv4 or IPv6 address; anything else is not public
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (METADATA_SERVICES.has(parsed.toString()) || parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_UNICAST);
}
