const anyDigit = /\p{Nd}/u
const foreignDigit = /[^\P{Nd}0-9]/gu
const ascii = /^[\0-\x7f]*$/

/** The text with full-width letters and signs made plain, and the digits of other scripts (`٤`, `４`) made `0`–`9`. */
export function toAsciiDigits(text: string): string {
  if (ascii.test(text)) return text
  return text.normalize('NFKC').replace(foreignDigit, digitValue)
}

/** Unicode keeps the ten digits of a script next to each other, so the value is the distance from the zero. */
function digitValue(digit: string): string {
  const codePoint = digit.codePointAt(0) ?? 0
  let value = 0
  while (value < 9 && anyDigit.test(String.fromCodePoint(codePoint - value - 1))) value += 1
  return String(value)
}
