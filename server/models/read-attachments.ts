import { GuardError } from '../guarded-client/guard-error.ts'
import type { GuardedClient } from '../guarded-client/guarded-fetch.ts'
import { describeFile, nameFile } from './describe-file.ts'
import { explainToModel } from './explain-to-model.ts'
import { fetchFile } from './fetch-file.ts'
import type { PromptMessage } from './model-call.ts'

/** A file of a message. */
export interface Attachment {
  url: string
  name?: string
  mimeType?: string
  /** Bytes. */
  size?: number
}

/** What a prompt can take of a file. */
export interface ReadAttachment {
  /** Stands for the file in the text of the message: its name, and what is in it or why that is not shown. */
  text: string
  /** To be shown beside the text. */
  image?: NonNullable<PromptMessage['images']>[number]
}

export interface ReadOptions {
  client: Pick<GuardedClient, 'request'>
  /** Whether the model can be shown images. */
  acceptsImages: boolean
  signal: AbortSignal
  /** Hears why a file could not be fetched, which the model is told without hosts and settings. */
  onFailure?(error: GuardError): void
}

/** Files that are read for one prompt, the first of the list; the others are only named. */
const maxFiles = 10

/**
 * Reads files for a prompt, all at once: images as they are, text documents as text, all others by name. What cannot be
 * fetched, or not within 10 seconds, is named with the reason: the answer never fails for a file.
 * @returns one for each attachment, in their order.
 * @throws the signal's reason.
 */
export async function readAttachments(
  attachments: readonly Attachment[], options: ReadOptions,
): Promise<ReadAttachment[]> {
  return Promise.all(attachments.map(async (attachment, index) => {
    if (index >= maxFiles) return { text: nameFile(attachment, `not read, as only ${maxFiles} files are`) }
    return readOne(attachment, options)
  }))
}

/** Voice notes and films are long, and nothing could be shown of them. */
const neverShown = /^(audio|video)\//i

async function readOne(attachment: Attachment, options: ReadOptions): Promise<ReadAttachment> {
  const { client, acceptsImages, signal, onFailure } = options
  if (neverShown.test(attachment.mimeType ?? '')) return { text: nameFile(attachment) }
  try {
    return describeFile(attachment, { file: await fetchFile(attachment.url, client, signal), acceptsImages })
  } catch (error) {
    if (!(error instanceof GuardError)) throw error
    onFailure?.(error)
    return { text: nameFile(attachment, `not shown, as ${explainToModel(error)}`) }
  }
}
