import { isIP } from 'node:net'
import { HiloError } from '../errors.ts'
import { GuardError } from './guard-error.ts'
import { findRefusal } from './refuse-address.ts'

/** Names that lead nowhere public, whatever a name server says of them. */
const privateName = /(^|\.)(localhost|local|internal|lan|home\.arpa)$|^[^.]*$/

/** End of a sentence: how what is refused would be allowed. */
export const toAllow = 'set HILO_ALLOW_PRIVATE_TARGETS=true where all callers are trusted.'

/** Host of a URL as people know it: no brackets around IPv6, no dot at the end. */
function readHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

function findHostRefusal(host: string, allowPrivate: boolean): string | undefined {
  if (isIP(host)) return findRefusal(host, allowPrivate)
  return !allowPrivate && privateName.test(host) ? 'a name of a private network' : undefined
}

/**
 * Reads the URL that a caller wants to have called. What it says is judged here; where its name leads is judged when
 * the connection is made, as that may change in between.
 * @throws GuardError `REFUSED` with the reason.
 */
export function checkUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.parse(text)
  if (!url) throw new GuardError('REFUSED', 'This is no URL. Write it in full, such as https://example.com/hooks.')
  const { protocol } = url
  if (protocol !== 'https:' && !(allowPrivate && protocol === 'http:')) {
    const orAllow = protocol === 'http:' ? ` Use https, or ${toAllow}` : ''
    throw new GuardError('REFUSED', `The URL must begin with https://, not ${protocol}//.${orAllow}`)
  }
  if (url.username || url.password) {
    throw new GuardError('REFUSED', 'The URL holds a user name or a password. Take out what stands before the "@".')
  }
  const host = readHost(url)
  const refusal = findHostRefusal(host, allowPrivate)
  if (refusal) {
    const orAllow = findHostRefusal(host, true) ? '.' : `, or ${toAllow}`
    throw new GuardError('REFUSED', `The host "${host}" is ${refusal}. Use a public address${orAllow}`)
  }
  return url
}

/**
 * Refuses a URL when a caller wants to have it stored, so that it is not found out at the first call.
 * @throws HiloError `INVALID_REQUEST` with the field and the reason.
 */
export function assertAllowedUrl(
  text: string, { allowPrivate, field = 'url' }: { allowPrivate: boolean, field?: string },
): void {
  try {
    checkUrl(text, allowPrivate)
  } catch (error) {
    if (!(error instanceof GuardError)) throw error
    throw new HiloError('INVALID_REQUEST', `${field}: ${error.message}`, { field, cause: error })
  }
}
