import type { HiloError } from '../errors.ts'

/** What shows at a terminal what a route of the API lists. */
export const commandsOfRoutes: Record<string, string> = {
  '/api/agents': 'npx hilo agents list',
  '/api/api-keys': 'npx hilo keys list',
  '/api/events': 'npx hilo events tail --after 0 --no-follow',
  '/api/webhook-endpoints': 'npx hilo webhooks list',
}

/** Options that stand for a field of a body, where an error names it in quotes. */
export const optionsOfFields: Record<string, string> = {
  seq: '--seq', failed: '--failed', fromSeq: '--from-seq', toSeq: '--to-seq', from: '--from', to: '--to',
}

/** A place in the log, as a query string says it. */
const place = /\bafter=(\d+)/g

const listing = /GET (\/api\/[a-z-]+)/g
const quotedField = new RegExp(`"(${Object.keys(optionsOfFields).join('|')})"(?:: true)?`, 'g')

/** An error of the code that the API shares with the command line, for somebody who types commands. */
export function inCommands({ message, code, hint }: HiloError): { error: string, hint: string | undefined } {
  // Other errors quote what somebody typed.
  const name = (text: string) => (
    code === 'INVALID_REQUEST' ? text.replace(quotedField, (_, field: string) => optionsOfFields[field]!) : text
  )
  return { error: name(message), hint: hint && hintInCommands(name(hint)) }
}

/** undefined where only the API lists what is meant: whoever types commands may have no key for it. */
function hintInCommands(hint: string): string | undefined {
  const routes = [...hint.matchAll(listing)].map(([, route = '']) => route)
  if (!routes.every((route) => route in commandsOfRoutes)) return undefined
  return hint.replace(listing, (_, route: string) => `"${commandsOfRoutes[route]}"`).replace(place, '--after $1')
}
