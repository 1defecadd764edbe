import type { GuardedBytes } from '../guarded-client/guarded-fetch.ts'
import { decodeText, isTextType, readMimeType } from './decode-text.ts'
import { maxFileBytes } from './fetch-file.ts'
import type { Attachment, ReadAttachment } from './read-attachments.ts'

/** Letters of a text document that are shown. */
const maxTextLength = 20_000

/** In which that many letters fit, however they are written. */
const maxTextBytes = 4 * maxTextLength

/** For servers that do not say what they send. */
const typeByExtension: Record<string, string> = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', txt: 'text/plain',
  log: 'text/plain', md: 'text/markdown', csv: 'text/csv', json: 'application/json', xml: 'application/xml', html: 'text/html',
  yaml: 'application/yaml', yml: 'application/yaml',
}

/** `[Attachment "photo.png" (image/png): why it is not shown]` */
export function nameFile({ url, name, mimeType }: Attachment, reason?: string): string {
  const type = readMimeType(mimeType)
  return `[Attachment ${quote(name || readUrlName(url))}${type ? ` (${quote(type).slice(1, -1)})` : ''}${reason ? `: ${reason}` : ''}]`
}

/** The customer chose the name: it must not look like the end of the brackets, or like a line of its own. */
function quote(name: string): string {
  return JSON.stringify(name.replace(/[[\]\s\p{Cc}]+/gu, ' ').slice(0, 100).toWellFormed())
}

function readUrlName(url: string): string {
  const last = URL.parse(url)?.pathname.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(last) || 'without a name'
  } catch {
    return last
  }
}

interface Fetched {
  file: GuardedBytes
  acceptsImages: boolean
}

/** Shows what a model can take of a file. What it is, the server says, else the sender, else its name. */
export function describeFile(attachment: Attachment, { file, acceptsImages }: Fetched): ReadAttachment {
  const contentType = [file.headers['content-type'] ?? []].flat()[0]
  const extension = /\.(\w+)$/.exec(attachment.name || readUrlName(attachment.url))?.[1]?.toLowerCase() ?? ''
  const named = Object.hasOwn(typeByExtension, extension) ? typeByExtension[extension] : undefined
  const mimeType = readMimeType(contentType) ?? readMimeType(attachment.mimeType) ?? named
  const known = { ...attachment, mimeType }
  if (mimeType?.startsWith('image/')) return showImage(known, { file, acceptsImages })
  if (mimeType === undefined || !isTextType(mimeType)) return { text: nameFile(known) }
  return showText(known, file, contentType)
}

function showImage(attachment: Attachment, { file, acceptsImages }: Fetched): ReadAttachment {
  if (!acceptsImages) return { text: nameFile(attachment, 'not shown, as you cannot see images') }
  if (file.isCut) return { text: nameFile(attachment, `not shown, as it is larger than ${maxFileBytes / 1024 / 1024} MB`) }
  const mimeType = findImageType(file.body)
  if (mimeType === undefined) return { text: nameFile(attachment, 'not shown, as it is no PNG, JPEG, GIF or WebP image') }
  return { text: nameFile({ ...attachment, mimeType }), image: { data: file.body, mimeType } }
}

/** By its first bytes: a provider refuses the whole question for an image that is none, or another than was said. */
function findImageType(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  if (start.startsWith('\x89PNG\r\n\x1A\n')) return 'image/png'
  if (start.startsWith('\xFF\xD8\xFF')) return 'image/jpeg'
  if (/^GIF8[79]a/.test(start)) return 'image/gif'
  return /^RIFF.{4}WEBP/s.test(start) ? 'image/webp' : undefined
}

function showText(
  attachment: Attachment, { body, isCut }: GuardedBytes, contentType: string | undefined,
): ReadAttachment {
  const beginning = body.subarray(0, maxTextBytes)
  if (beginning.includes(0)) return { text: nameFile(attachment, 'not shown, as it is no text') }
  const isLonger = isCut || body.length > maxTextBytes
  const text = decodeText(beginning, contentType, isLonger)
  const note = isLonger || text.length > maxTextLength ? `, its first ${maxTextLength} letters` : ''
  const shown = text.slice(0, maxTextLength).toWellFormed()
  return { text: `${nameFile(attachment).slice(0, -1)}${note}:\n${shown}\nEnd of the attachment]` }
}
