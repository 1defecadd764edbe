/** A place for an argument, as server/agents/tool-url.ts allows it. */
const places = /\{([A-Za-z0-9_.-]{1,64})\}/g

export type FilledUrl = {
  url: string
  /** Arguments that have no place in the URL. */
  unused: Record<string, unknown>
} | { problem: string }

/**
 * Puts arguments in their places of a tool's URL. Whatever they hold, they stay there: scheme, host, and the number and
 * order of the parts of path and query are the template's.
 */
export function fillToolUrl(template: string, input: Record<string, unknown>): FilledUrl {
  const [whole = ''] = template.replace(/[\t\n\r]/g, '').split('#') // a URL has no blanks of that kind, and sends no hash
  const origin = /^https?:\/\/[^/?{}\\]+(?=[/?\\]|$)/i.exec(whole)?.[0]
  if (origin === undefined) return { problem: 'The tool\'s URL has an argument in its host, or is none.' }
  const [path = '', ...query] = whole.slice(origin.length).split('?')
  const parts = path.split(/[\\/]/)
  for (const part of parts) {
    const problem = findPathProblem(part, input)
    if (problem !== undefined) return { problem }
  }
  const names = new Set(Array.from(whole.matchAll(places), ([, name]) => name))
  const filledQuery = query.length === 0 ? '' : `?${fill(query.join('?'), input)}`
  return {
    url: `${origin}${parts.map((part) => fill(part, input)).join('/')}${filledQuery}`,
    unused: Object.fromEntries(Object.entries(input).filter(([name]) => !names.has(name))),
  }
}

/** What cannot stand in a path: nothing at all, which would name something else, and the ways up in the tree. */
function findPathProblem(part: string, input: Record<string, unknown>): string | undefined {
  const names = Array.from(part.matchAll(places), ([, name]) => name!)
  if (names.length === 0) return undefined
  const missing = names.find((name) => write(input, name) === '')
  if (missing !== undefined) return `The argument "${missing}" is needed, and must not be empty.`
  if (!climbs(fill(part, input))) return undefined
  return `The argument "${names[0]}" must not hold "." or ".." as a part of a path.`
}

function fill(part: string, input: Record<string, unknown>): string {
  return part.replace(places, (_place, name: string) => encodeURIComponent(write(input, name)))
}

function write(input: Record<string, unknown>, name: string): string {
  const value = Object.hasOwn(input, name) ? input[name] : undefined
  return writeArgument(value)
}

/** An argument as text of a URL: what is no text, number or boolean goes as JSON. */
export function writeArgument(value: unknown): string {
  if (value === undefined || value === null) return ''
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).toWellFormed()
}

/** Whether a server would read it as a way up: some take `%2F` for a slash, decode twice, or cut at a semicolon. */
function climbs(part: string): boolean {
  for (let text = part, round = 0; round < 4; round++) {
    if (/(^|[\\/])\.{1,2}(;[^\\/]*)?($|[\\/])/.test(text)) return true
    try {
      text = decodeURIComponent(text)
    } catch {
      return false
    }
  }
  return false
}
