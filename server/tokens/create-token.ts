import type { CreatedToken, NewTokenBody } from '@hilo/contract'
import { accessConversation } from '../conversations/access-conversation.ts'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import type { Caller } from '../organizations/scopes.ts'
import type { TokenSigner } from './sign-token.ts'

/**
 * Makes a token that can do less than the key it is made with, for a limited time. Nothing is stored.
 * @throws HiloError FORBIDDEN if the caller is a token itself or lacks a scope, NOT_FOUND for the conversation.
 */
export async function createToken(
  tx: Transaction, { caller, body, signer }: { caller: Caller, body: NewTokenBody, signer: TokenSigner },
): Promise<CreatedToken> {
  const { conversationId: wanted, scopes = ['history:read'], expiresInSeconds = 900 } = body
  checkMayCreate(caller, scopes)
  const { organizationId, apiKeyId } = caller
  const conversationId = wanted === undefined ? undefined
    : (await accessConversation(tx, organizationId, { id: String(wanted), field: 'conversationId' })).id
  const expiresAt = Date.now() + expiresInSeconds * 1000
  return {
    token: signer.sign({ organizationId, apiKeyId, scopes, conversationId, expiresAt }),
    expiresAt: new Date(expiresAt).toISOString(),
    scopes: [...scopes],
    conversationId: conversationId ?? null,
  }
}

function checkMayCreate({ tokenExpiresAt, scopes: own }: Caller, scopes: NonNullable<NewTokenBody['scopes']>): void {
  if (tokenExpiresAt !== undefined) {
    throw new HiloError('FORBIDDEN', 'A token cannot make another token, or it would never end. Use an API key, on a '
      + 'server.')
  }
  const missing = scopes.find((scope) => !own.includes(scope) && !own.includes('admin'))
  if (missing === undefined) return
  throw new HiloError('FORBIDDEN', `This API key lacks the scope "${missing}", so its tokens cannot have it. It has: `
    + `${own.join(', ')}.`, { field: 'scopes', hint: `Use a key with the scope "${missing}".` })
}
