/** A whole number from 1. @throws Error that says what is wrong. */
export function toCount(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1, not "${text}".`)
  return value
}

/** Those of the known words that a list names, in their own order. @throws Error that says what is wrong. */
export function toChoice<Word extends string>(name: string, text: string, words: readonly Word[]): readonly Word[] {
  const wanted = text.split(',').map((word) => word.trim())
  const unknown = wanted.find((word) => !words.some((one) => one === word))
  if (unknown !== undefined) throw new Error(`--${name} takes ${words.join(',')}; it does not know "${unknown}".`)
  return words.filter((word) => wanted.includes(word))
}
