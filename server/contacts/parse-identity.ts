import { findPlaceholder } from '../conversations/find-placeholder.ts'
import { parseId, type ParsedId } from '../conversations/parse-id.ts'
import { didYouMean, quote, refuse, type Refused } from '../conversations/refusal.ts'

const maxCharacters = 254 // RFC 5321: a path of 256 without its angle brackets
const plausible = /^[^\s@<>()[\]:;,"\\]+@[^\s@<>()[\]:;,"\\.]+(?:\.[^\s@<>()[\]:;,"\\.]+)+$/
const unprintable = /[\p{C}\p{Default_Ignorable_Code_Point}]/u
const namedAddress = /<([^<>\s]+@[^<>\s]+)>\s*$/

/**
 * Reads an e-mail address: trimmed, of a plausible shape, in lower case. `null`, `undefined` and blanks mean absent.
 * `field` names the value in the reason.
 */
export function parseEmail(raw: unknown, field = 'contact.email'): ParsedId | Refused {
  if (raw === undefined || raw === null) return { ok: true, value: undefined }
  if (typeof raw !== 'string') return refuse(`${field} must be a string, not of type ${typeof raw}.`)
  const trimmed = raw.trim()
  const email = trimmed.toLowerCase()
  if (email === '') return { ok: true, value: undefined }
  if (email.length > maxCharacters) return refuse(`${field} is longer than ${maxCharacters} characters.`)
  const isAddress = plausible.test(email) && !unprintable.test(email) && findPlaceholder(trimmed) === undefined
  return isAddress ? { ok: true, value: email } : explain(trimmed, field)
}

/** Reads a user id: an id of the caller's own system, kept as it is. `field` names the value in the reason. */
export function parseUserId(raw: unknown, field = 'contact.userId'): ParsedId | Refused {
  return parseId(field, raw)
}

function explain(text: string, field: string): Refused {
  const named = namedAddress.exec(text)?.[1]
  if (named !== undefined) return refuse(`${field} ${quote(text)} must be the address alone.`, didYouMean(named))
  if (findPlaceholder(text) !== undefined) {
    return refuse(`${field} ${quote(text)} is a placeholder that the calling flow did not fill in.`)
  }
  return refuse(`${field} ${quote(text)} is no e-mail address: it needs the form name@domain.tld, without blanks.`)
}
