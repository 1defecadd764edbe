import { isIP, type LookupFunction } from 'node:net'
import { toAllow } from './check-url.ts'
import { GuardError } from './guard-error.ts'
import { findRefusal } from './refuse-address.ts'
import type { ResolveHost } from './resolve-host.ts'

async function resolveChecked(host: string, { resolve, allowPrivate }: LookupOptions) {
  const addresses = await resolve(host)
  if (addresses.length === 0) throw new GuardError('FAILED', `The host name "${host}" has no address.`)
  for (const address of addresses) {
    const refusal = findRefusal(address, allowPrivate)
    if (refusal) {
      throw new GuardError('REFUSED', `The host name "${host}" leads to ${address}, ${refusal}. Have it lead to public `
        + `addresses only${findRefusal(address, true) ? '.' : `, or ${toAllow}`}`)
    }
  }
  return addresses.map((address) => ({ address, family: isIP(address) }))
}

interface LookupOptions {
  resolve: ResolveHost
  allowPrivate: boolean
}

/**
 * The look-up of a connection: what it answers is what is connected to, with no second question in between in which the
 * answer could change. A name of which even one address is not allowed is refused whole.
 */
export function createCheckedLookup(options: LookupOptions): LookupFunction {
  return (host, { all }, callback) => {
    resolveChecked(host, options).then(
      (found) => (all ? callback(null, found) : callback(null, found[0]!.address, found[0]!.family)),
      (error: Error) => callback(error, []),
    )
  }
}
