import { keyOf } from '../database/key-of.ts'
import type { Encryption } from '../encryption/encrypt.ts'
import type { EndpointRow } from './access-endpoint.ts'
import { secretOwner } from './webhook-secret.ts'

/** So many secrets are kept in memory, those that were used last: decrypting takes as long as signing. */
const maxKept = 1_000

/**
 * Makes the function that tells with which secrets an endpoint is to be signed for: its own, and for some time after a
 * change the one before. It throws DecryptionError.
 */
export function createSecretReader({ decrypt }: Pick<Encryption, 'decrypt'>): (endpoint: EndpointRow) => string[] {
  const kept = new Map<string, string>()

  function open(encrypted: string, owner: string): string {
    const key = keyOf(owner, encrypted)
    const secret = kept.get(key) ?? decrypt(encrypted, owner)
    kept.delete(key) // the one that was used last goes to the end
    kept.set(key, secret)
    if (kept.size > maxKept) kept.delete(kept.keys().next().value!)
    return secret
  }

  return ({ organization_id, id, secret, old_secret, old_secret_until }) => {
    const isOldUsed = old_secret !== null && old_secret_until !== null && old_secret_until.getTime() > Date.now()
    const owner = secretOwner(organization_id, id)
    return [secret, ...isOldUsed ? [old_secret] : []].map((one) => open(one, owner))
  }
}
