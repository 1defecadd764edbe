const special = /[^\p{L}\p{M}\p{N}]/u
const accents = /\p{M}/gu

/** Letters by the plain one that they are written with: `a` → `àáâ…`. All of Latin that Unicode takes apart. */
const accented = collectAccented([[0xc0, 0x24f], [0x1e00, 0x1eff]])

function collectAccented(ranges: readonly [from: number, to: number][]): Map<string, string> {
  const letters = new Map<string, string>()
  for (const [from, to] of ranges) {
    for (let code = from; code <= to; code += 1) {
      const letter = String.fromCodePoint(code)
      const [plain] = letter.normalize('NFD').toLowerCase()
      if (plain !== undefined && /[a-z]/.test(plain)) letters.set(plain, (letters.get(plain) ?? '') + letter)
    }
  }
  return letters
}

/**
 * A regular expression of PostgreSQL that finds a text whatever accents it is written with, in either Unicode form.
 * Taking the accents off every name instead costs several times as much.
 */
export function toNamePattern(text: string): string {
  return Array.from(text.normalize('NFD').replace(accents, ''), (letter) => {
    const variants = accented.get(letter.toLowerCase())
    if (variants !== undefined) return `[${letter}${variants}][\u0300-\u036f]*`
    return special.test(letter) ? `\\${letter}` : letter
  }).join('')
}
