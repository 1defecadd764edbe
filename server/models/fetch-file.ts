import { GuardError } from '../guarded-client/guard-error.ts'
import type { GuardedBytes, GuardedClient } from '../guarded-client/guarded-fetch.ts'

/** Of an image; longer files are not read to their end. */
export const maxFileBytes = 5 * 1024 * 1024

const timeoutMs = 10_000

/** File stores lead from a lasting address to one that is signed for a short while, Chatwoot's among them. */
const maxRedirects = 3

/**
 * Gets a file. A redirect is followed by asking anew, so that each address is judged by the same rules as the first.
 * @throws GuardError with a reason for people; the signal's reason.
 */
export async function fetchFile(
  address: string, client: Pick<GuardedClient, 'request'>, signal: AbortSignal,
): Promise<GuardedBytes> {
  const deadline = performance.now() + timeoutMs
  let url = address
  for (let count = 0; count <= maxRedirects; count++) {
    const leftMs = Math.max(1, Math.round(deadline - performance.now()))
    const answer = await client.request(url, {
      method: 'GET', headers: {}, timeoutMs: leftMs, maxAnswerBytes: maxFileBytes, signal,
    })
    const { status, headers } = answer
    if (status >= 200 && status < 300) return answer
    const location = status >= 300 && status < 400 ? [headers.location ?? []].flat()[0] : undefined
    const target = location ? URL.parse(location, url) : null
    if (!target) throw new GuardError('FAILED', `The server answered with status ${status}.`)
    url = target.href
  }
  throw new GuardError('FAILED', `The server redirects more than ${maxRedirects} times.`)
}
