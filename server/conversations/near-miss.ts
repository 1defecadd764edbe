import { toAsciiDigits } from './ascii-digits.ts'
import { editDistance } from './edit-distance.ts'

/** What is wrong with a value meant as `crmchatsappai_{accountId}_{customerId}`, and the right form if known. */
export interface NearMiss {
  problem: string
  correction?: string
}

const prefix = 'crmchatsappai'
const allowedTypos = 2
const maxDigits = 18
const separators = /[^\p{L}\p{N}]+/u

/** Tells a slip of the pen from a free-form id: its first word is the prefix, or at most two letters away from it. */
export function findNearMiss(value: string): NearMiss | undefined {
  const text = toAsciiDigits(value).replace(/\p{Cf}/gu, '').trim().toLowerCase()
  if (!beginsLikePrefix(text)) return undefined
  const rest = text.slice(beforeDigits(text).length)
  const numbers = (rest.match(/\d+/g) ?? []).map((digits) => digits.replace(/^0+/, ''))
  const fault = findFault(rest, numbers)
  if (fault !== undefined) return { problem: fault }
  return { problem: findSlip(value, text), correction: `${prefix}_${numbers.join('_')}` }
}

function beginsLikePrefix(text: string): boolean {
  const [firstWord = ''] = text.split(separators, 1)
  const letters = squeeze(beforeDigits(text))
  return letters.startsWith(prefix) || isLikePrefix(firstWord) || isLikePrefix(letters)
}

function isLikePrefix(word: string): boolean {
  if (Math.abs(word.length - prefix.length) > allowedTypos) return false
  return editDistance(word, prefix) <= allowedTypos
}

function beforeDigits(text: string): string {
  return /^\D*/.exec(text)?.[0] ?? ''
}

function squeeze(text: string): string {
  return text.split(separators).join('')
}

/** Why the right form cannot be told. */
function findFault(rest: string, numbers: string[]): string | undefined {
  if (/\p{L}/u.test(rest)) return 'it has letters where only digits belong'
  if (numbers.length < 2) return 'the account id, the conversation id or the underscore between them is missing'
  if (numbers.length > 2) return `it has ${numbers.length} numbers instead of two`
  if (numbers.includes('')) return 'Chatwoot counts accounts and conversations from 1'
  return numbers.some((digits) => digits.length > maxDigits) ? `a number has more than ${maxDigits} digits` : undefined
}

/** What to change, where the right form is known. */
function findSlip(value: string, text: string): string {
  if (/[^\0-\x7f]/.test(value)) return 'it must be written in plain ASCII letters, digits and underscores'
  if (/[A-Z]/.test(value)) return 'it must be in lower case'
  if (!text.startsWith(prefix)) return `its first part must be "${prefix}"`
  if (/(?:^|\D)0/.test(text)) return 'its numbers must have no leading zeros'
  return 'its three parts must be joined by single underscores, with no blanks or signs'
}
