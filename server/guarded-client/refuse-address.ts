import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** What a range is, for people; what is not here has no more to say than that it is reserved. */
const meanings: Record<string, string> = {
  loopback: 'this machine itself',
  private: 'a private network',
  uniqueLocal: 'a private network',
  deprecatedSiteLocal: 'a private network',
  carrierGradeNat: 'a provider\'s private network',
  linkLocal: 'link-local, where clouds keep credentials',
  multicast: 'multicast',
  broadcast: 'broadcast',
  unspecified: 'this machine itself',
  rfc6052: 'an IPv4 address behind NAT64',
  '6to4': 'an IPv4 address in a 6to4 tunnel',
  teredo: 'an IPv4 address in a Teredo tunnel',
}

/** Ranges of one's own networks: open with HILO_ALLOW_PRIVATE_TARGETS. */
const privateRanges = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat'])

/** Doors of cloud providers to a machine's credentials that lie in no range refused always. */
const metadataAddresses = new Set(['168.63.129.16', '100.100.100.200', 'fd00:ec2::254', 'fd20:ce::254', 'fd00:42::42'])

/** All that is given out as public IPv6 (RFC 4291); what lies outside is special, whether a table knows it or not. */
const publicIpv6 = ipaddr.parseCIDR('2000::/3')

/**
 * Says what an IP address is when it must not be called: anything but a public unicast address.
 * @param address IPv4 or IPv6 as text; what cannot be read is refused.
 * @param allowPrivate lets private networks and this machine pass; link-local, metadata and the like never do.
 * @returns "a private network" and the like, for the end of a sentence; undefined when the address may be called.
 */
export function findRefusal(address: string, allowPrivate: boolean): string | undefined {
  if (!isIP(address)) return 'no IP address'
  const ip = ipaddr.process(address) // an IPv4-mapped IPv6 address is judged as the IPv4 address that it reaches
  if (metadataAddresses.has(ip.toString())) return 'where a cloud keeps credentials'
  const range: string = ip.range()
  if (allowPrivate && privateRanges.has(range)) return undefined
  if (range !== 'unicast') return meanings[range] ?? 'a reserved address'
  return ip.kind() === 'ipv6' && !ip.match(publicIpv6) ? 'a reserved address' : undefined
}
