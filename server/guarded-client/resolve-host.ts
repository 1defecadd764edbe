import { lookup, Resolver } from 'node:dns/promises'

/** Every address a host name leads to, IPv4 first. Rejects with a DNS error when there is none. */
export type ResolveHost = (host: string) => Promise<readonly string[]>

/** Together with the tries: time enough for a slow name server, and less than a delivery may take. */
const timeoutMs = 2_000
const tries = 2

/**
 * Asks the name servers, and not the machine: its own look-up (getaddrinfo) occupies one of the few threads that also
 * write the embedded database, and a caller's name server can keep it waiting.
 */
export async function resolvePublicHost(host: string): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: timeoutMs, tries }) // a new one reads the machine's present name servers
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  const [ipv4] = answers
  if (addresses.length === 0 && ipv4.status === 'rejected') throw ipv4.reason
  return addresses
}

/** Asks the machine, which also knows its hosts file and the names of its containers. */
export async function resolveAnyHost(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, order: 'ipv4first' })
  return found.map(({ address }) => address)
}
