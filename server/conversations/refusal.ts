/** A value that a parser does not accept. `reason` is a sentence for people; `hint` says the likely correction. */
export interface Refused {
  ok: false
  reason: string
  hint?: string
}

const shownLength = 80
const unprintable = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u007f-\u009f\u2028\u2029]/gu

export function refuse(reason: string, hint?: string): Refused {
  return hint === undefined ? { ok: false, reason } : { ok: false, reason, hint }
}

/** The hint for a value whose right form is known; shown whole, to be copied. */
export function didYouMean(correction: string): string {
  return `Did you mean "${correction}"?`
}

/** A caller's value as it may stand in a message: quoted, at most 80 characters, nothing invisible in it. */
export function quote(value: string): string {
  const shown = value.length > shownLength ? `${cutBetweenCharacters(value, shownLength - 1)}…` : value
  const visible = JSON.stringify(shown).replace(unprintable, (char) => `\\u{${codePointHex(char)}}`)
  return visible.replaceAll('\\"', '"')
}

/** The code point of a character as people look it up: `200B`. */
export function codePointHex(char: string): string {
  return (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
}

function cutBetweenCharacters(text: string, length: number): string {
  const cut = text.slice(0, length)
  return cut.isWellFormed() ? cut : cut.replace(/[\ud800-\udbff]$/, '')
}
