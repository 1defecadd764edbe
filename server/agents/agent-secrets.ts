import { findPlaceholder } from '../conversations/find-placeholder.ts'
import { createEncryption, DecryptionError, type Encryption } from '../encryption/encrypt.ts'
import { HiloError } from '../errors.ts'
import type { ConfigWithSecret } from '../read-secret.ts'

/** Whose credentials they are, and what opens them. */
export interface SecretsOf {
  encryption: Encryption
  organizationId: string
  agentId: string
}

/** A credential of an agent is stored, but not readable: HILO_SECRET is another one than when it was stored. */
export class UnreadableSecretError extends Error {
  override readonly name = 'UnreadableSecretError'
}

/** For the credentials of agents: keys of models and headers of tools. */
export function createAgentEncryption({ secret }: Pick<ConfigWithSecret, 'secret'>): Encryption {
  return createEncryption(secret, 'agent secrets')
}

/** @param field where it stands in the settings: what is copied to another place opens nothing. */
export function sealSecret(text: string, field: string, { encryption, ...whose }: SecretsOf): string {
  return encryption.encrypt(text, ownerOf(field, whose))
}

/**
 * A stored credential as it was sent.
 * @throws UnreadableSecretError with what to do about it.
 */
export function openSecret(sealed: string, field: string, { encryption, ...whose }: SecretsOf): string {
  try {
    return encryption.decrypt(sealed, ownerOf(field, whose))
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error
    throw new UnreadableSecretError(
      `${field} of agent "${whose.agentId}" cannot be read with the present HILO_SECRET: start Hilo with the one it was `
      + `stored with, or send it again to PATCH /api/agents/${whose.agentId}.`, { cause: error },
    )
  }
}

function ownerOf(field: string, { organizationId, agentId }: Omit<SecretsOf, 'encryption'>): string {
  return JSON.stringify([organizationId, agentId, field])
}

/**
 * Refuses what is no credential, without repeating it.
 * @param allowBlanks inside it, as in `Bearer abc`.
 * @throws HiloError INVALID_REQUEST.
 */
export function assertSecret(text: string, field: string, { allowBlanks = false } = {}): void {
  const problem = findPlaceholder(text.replace(/^(bearer|basic) /i, '')) !== undefined
    ? 'was not filled in: it holds a placeholder.'
    : !/^[\x20-\x7e]+$/.test(text) ? 'holds a line break or another character that an HTTP header cannot carry.'
      : text.trim() !== text || (!allowBlanks && text.includes(' ')) ? 'holds a blank; it was not copied well.' : undefined
  if (problem) throw new HiloError('INVALID_REQUEST', `${field} ${problem}`, { field })
}
