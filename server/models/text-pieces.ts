/** Joins pieces of text so that each can be stored and shown on its own. */
export interface TextPieces {
  /** What can be told of it by now; may be empty. */
  take(piece: string): string
}

const highSurrogate = /[\uD800-\uDBFF]$/

/**
 * A model's pieces may be cut anywhere, and hold what no database takes. The first half of a character waits for the
 * second; halves that stay alone become U+FFFD, and NUL characters are left out.
 */
export function joinPieces(): TextPieces {
  let held = ''
  return {
    take(piece) {
      const text = held + piece.replaceAll('\0', '')
      held = highSurrogate.exec(text)?.[0] ?? ''
      return text.slice(0, text.length - held.length).toWellFormed()
    },
  }
}
