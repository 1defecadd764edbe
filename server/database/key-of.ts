/** One text for several parts, to look rows up by in a Map. Ids are printable text, so a line break cannot occur. */
export function keyOf(...parts: readonly string[]): string {
  return parts.join('\n')
}
