const templates = [
  /\{\{.*?(?:\}\}|$)/s, // {{ $json.id }}, ={{ $json.id }}, and one that was cut short
  /^=?\s*\}\}/,
  /\$\{[^}]*\}?/, // ${phone}
  /\{\s*[A-Za-z_$][\w$. -]*\}/, // {organizationId}
  /<[A-Za-z_][\w. -]*>/, // <phone>
  /\[object \w+\]/, // an object that was glued into a text
  /^=?\s*\$(?:json|node|input)\b\S*/, // an n8n expression without its braces
]
const templateCharacter = /[{}$<[]/
const emptyValues = new Set(['undefined', 'null', 'NaN', 'None'])
const emptyValue = /undefined|null|NaN|None/

/**
 * Finds what a flow forgot to fill in: a template (`{{ $json.id }}`, `{organizationId}`, `${id}`, `<phone>`), a
 * glued-in object, or the word that a missing value prints as (`undefined`, `null`, `NaN`, `None`), alone or as a whole
 * part between underscores. Returns the piece found. `null-island` is an id like any other.
 */
export function findPlaceholder(value: string): string | undefined {
  if (templateCharacter.test(value)) {
    for (const template of templates) {
      const found = template.exec(value)
      if (found) return found[0]
    }
  }
  if (!emptyValue.test(value)) return undefined
  return value.split('_').find((part) => emptyValues.has(part.trim()))
}
