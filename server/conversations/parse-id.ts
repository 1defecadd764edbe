import { findPlaceholder } from './find-placeholder.ts'
import { codePointHex, didYouMean, quote, refuse, type Refused } from './refusal.ts'

/** An id as it is stored; `undefined` where the caller sent none. */
export interface ParsedId {
  ok: true
  value: string | undefined
}

/** Characters of an id at most: what people count, not UTF-16 units. */
export const maxIdCharacters = 256
const plain = /^[A-Za-z0-9:@.+-]+(?:_[A-Za-z0-9:@.+-]+)*$/
const lineBreak = /[\n\r\u0085\u2028\u2029]/u
const control = /\p{Cc}/u
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u

/**
 * Checks an id of a caller, whatever its kind. `null`, `undefined` and `''` mean absent; a whole number becomes its
 * digits, with the minus that groups of Telegram have. Refuses anything but up to 256 characters of printable text
 * without blanks around it, and placeholders that a flow did not fill. `field` names the value in the reason.
 */
export function parseId(field: string, raw: unknown): ParsedId | Refused {
  if (raw === undefined || raw === null || raw === '') return { ok: true, value: undefined }
  if (typeof raw === 'number') return parseNumber(field, raw)
  if (typeof raw !== 'string') {
    return refuse(`${field} must be a string, not ${Array.isArray(raw) ? 'a list' : `of type ${typeof raw}`}.`)
  }
  return checkText(field, raw) ?? { ok: true, value: raw }
}

function parseNumber(field: string, raw: number): ParsedId | Refused {
  if (Number.isSafeInteger(raw)) return { ok: true, value: String(raw) }
  if (Math.abs(raw) > Number.MAX_SAFE_INTEGER) {
    return refuse(`${field} ${raw} is too large for a JSON number: digits were lost on the way. Send it as a string.`)
  }
  return refuse(`${field} ${raw} is no id: a number must be whole. Send other ids as a string.`)
}

function checkText(field: string, value: string): Refused | undefined {
  if (isTooLongForId(value)) {
    return refuse(`${field} ${quote(value)} is longer than ${maxIdCharacters} characters.`)
  }
  return (plain.test(value) ? undefined : checkCharacters(field, value)) ?? checkPlaceholder(field, value)
}

/** Whether a text is longer than any id may be. */
export function isTooLongForId(value: string): boolean {
  if (value.length <= maxIdCharacters) return false
  return value.length > 2 * maxIdCharacters || [...value].length > maxIdCharacters
}

function checkCharacters(field: string, value: string): Refused | undefined {
  const contains = (what: string) => refuse(`${field} ${quote(value)} contains ${what}.`)
  if (!value.isWellFormed()) return contains('half of a character (a lone surrogate)')
  const hidden = invisible.exec(value)
  if (hidden) return contains(`an invisible character (U+${codePointHex(hidden[0])})`)
  const trimmed = value.trim()
  if (trimmed === '') return refuse(`${field} ${quote(value)} consists of blanks only.`)
  if (lineBreak.test(trimmed)) return contains('a line break')
  const unprintable = control.exec(trimmed)
  if (unprintable) return contains(`a control character (U+${codePointHex(unprintable[0])})`)
  if (trimmed === value) return undefined
  return refuse(`${field} ${quote(value)} begins or ends with a blank.`, didYouMean(trimmed))
}

function checkPlaceholder(field: string, value: string): Refused | undefined {
  const placeholder = findPlaceholder(value)
  if (placeholder === undefined) return undefined
  const where = placeholder === value ? 'is' : `contains ${quote(placeholder)},`
  return refuse(`${field} ${quote(value)} ${where} a placeholder that the calling flow did not fill in.`)
}
