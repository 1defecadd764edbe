import type { MessageInput } from '@hilo/contract'
import type { Attachment } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { readTime } from '../http/read-time.ts'
import type { Author, NewIdentity, NewMessage } from '../messages/new-message.ts'
import { readMetadata } from '../metadata/read-metadata.ts'
import type { Caller } from '../organizations/scopes.ts'
import { readContact } from './read-contact.ts'
import { readId } from './read-id.ts'
import { readKeys } from './read-keys.ts'

/** Bytes of UTF-8. */
const maxText = 64 * 1024

export interface ReadContext {
  caller: Caller
  /** Agent of the path. */
  agentId: string
  receivedAt: Date
  idempotency?: NewMessage['idempotency']
}

/**
 * Turns what a caller sent, its shape checked already, into a message for `ingest`: ids canonical, everything checked
 * that can be without the database.
 * @throws HiloError INVALID_ID or INVALID_REQUEST naming the field.
 */
export function readMessage(input: MessageInput, context: ReadContext): NewMessage {
  const { agentId, receivedAt, idempotency, caller: { organizationId, apiKeyId, defaultCountry } } = context
  const channel = input.channel || 'api'
  const visitorId = readId('visitorId', input.visitorId)
  const { contact, warnings } = readContact(input, { channel, defaultCountry })
  const { keys, pairedKeys, addresses, visitorAddress, warnings: keyWarnings } = readKeys(input, {
    organizationId, pathAgentId: agentId, channel, defaultCountry, visitorId, identities: contact.identities,
  })
  const attachments = readAttachments(input.attachments)
  for (const address of addresses) {
    if (!contact.identities.some((one) => isSameIdentity(one, address))) contact.identities.push(address)
  }
  return {
    organizationId,
    apiKeyId,
    agentId,
    author: readAuthor(input),
    text: readText(input.query, attachments),
    attachments,
    channel,
    source: readId('source', input.source) ?? channel,
    externalId: readId('externalId', input.externalId),
    isDraft: input.isDraft ?? false,
    occurredAt: readOccurredAt(input.occurredAt, receivedAt),
    receivedAt,
    metadata: readMetadata(input.metadata),
    visitorId: visitorId ?? addresses[0]?.value.replace('+', ''),
    keys,
    pairedKeys,
    visitorAddress,
    contact,
    idempotency,
    warnings: [...warnings, ...keyWarnings],
  }
}

const isSameIdentity = (one: NewIdentity, other: NewIdentity) => one.kind === other.kind && one.value === other.value

/** Nothing is said after it came: by a clock that is ahead, a question would sort behind its own answer. */
function readOccurredAt(raw: MessageInput['occurredAt'], receivedAt: Date): Date {
  const occurredAt = readTime('occurredAt', raw, receivedAt)
  return occurredAt > receivedAt ? receivedAt : occurredAt
}

function readText(text: string, attachments: Attachment[]): string {
  if (text === '' && attachments.length === 0) {
    throw new HiloError('INVALID_REQUEST', 'query is empty: a message needs a text or an attachment.', { field: 'query' })
  }
  // A text of n characters has at most 3n bytes: most need no counting.
  if (text.length * 3 > maxText && Buffer.byteLength(text) > maxText) {
    throw new HiloError('INVALID_REQUEST', 'query is longer than 64 KiB.', {
      field: 'query', hint: 'Send long texts as an attachment, or in several messages.',
    })
  }
  return text
}

function readAuthor({ author, from }: MessageInput): Author {
  if (from !== 'contact') {
    return {
      kind: (author?.kind ?? 'agent') as Author['kind'],
      name: author?.name || undefined,
      id: readId('author.id', author?.id),
    }
  }
  if (author?.kind) {
    throw new HiloError('INVALID_REQUEST', `author.kind "${author.kind}" contradicts from "contact".`, {
      field: 'author.kind', hint: 'Leave author.kind out for what the customer said, or send from "agent".',
    })
  }
  return { kind: 'contact', name: author?.name || undefined }
}

function readAttachments(attachments: MessageInput['attachments']): Attachment[] {
  return (attachments ?? []).map(({ url, name, mimeType, size }, index) => {
    const protocol = URL.parse(url)?.protocol
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new HiloError('INVALID_REQUEST', `attachments[${index}].url is not an http or https address.`, {
        field: `attachments[${index}].url`,
      })
    }
    return {
      url,
      ...(name ? { name } : {}),
      ...(mimeType ? { mimeType } : {}),
      ...(size === null || size === undefined ? {} : { size }),
    }
  })
}
