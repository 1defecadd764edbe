const textTypes = /^(text\/.*|application\/(json|xml|csv|markdown|yaml|x-yaml|javascript|x-ndjson|x-www-form-urlencoded)|.*\+(json|xml))$/

/** Whether it can be read as it is. */
export function isTextType(mimeType: string): boolean {
  return textTypes.test(mimeType)
}

/** `text/csv` of `Text/CSV; charset=utf-8`; undefined where there is none or it says nothing. */
export function readMimeType(contentType: string | undefined): string | undefined {
  const type = contentType?.split(';')[0]!.trim().toLowerCase()
  return type === undefined || !type.includes('/') || type.endsWith('/octet-stream') ? undefined : type
}

/**
 * Reads bytes as text: in the charset that they come with, else as UTF-8, else as Windows-1252, in which spreadsheets
 * are often saved. NUL characters are left out: they cannot be stored.
 * @param isCut the end may lie inside a character, which is then left out.
 */
export function decodeText(bytes: Uint8Array, contentType: string | undefined, isCut: boolean): string {
  const charset = /charset\s*=\s*"?([\w:.-]+)/i.exec(contentType ?? '')?.[1]
  const text = decode(bytes, charset ?? 'utf-8', isCut) ?? decode(bytes, 'utf-8', isCut) ?? decode(bytes, 'windows-1252', false)!
  return text.replaceAll('\0', '').toWellFormed()
}

function decode(bytes: Uint8Array, charset: string, isCut: boolean): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes, { stream: isCut })
  } catch {
    return undefined // no such charset, or the bytes are none of it
  }
}
