import { HiloError } from '../errors.ts'
import { assertAllowedUrl } from '../guarded-client/check-url.ts'

const places = /\{([A-Za-z0-9_.-]{1,64})\}/g

interface ToolUrl {
  url: string
  /** JSON Schema of the tool's arguments. */
  parameters: Record<string, unknown>
  field: string
  allowPrivate: boolean
}

/**
 * Refuses the URL of a tool that must not be called, or in which an argument would decide whom it reaches.
 * @throws HiloError INVALID_REQUEST.
 */
export function assertToolUrl({ url, parameters, field, allowPrivate }: ToolUrl): void {
  const refuse = (problem: string): never => {
    throw new HiloError('INVALID_REQUEST', `${field} ${problem}`, { field })
  }
  if (!/^https?:\/\/[^/?#\\]/i.test(url)) refuse('must be written in full, such as https://example.com/orders/{number}.')
  if (/[{}]/.test(url.replace(places, ''))) refuse('holds a brace outside of a place for an argument. A place is a name in single braces, such as {number}.')
  if (fixedPart(url, '1') !== fixedPart(url, '2')) {
    refuse('may hold arguments in its path and in its query only, not in scheme, host, port, or after the "#".')
  }
  const properties = (parameters.properties ?? {}) as Record<string, unknown>
  const unknown = [...url.matchAll(places)].find(([, name]) => !Object.hasOwn(properties, name!))?.[1]
  if (unknown !== undefined) refuse(`has a place for "${unknown}", which is not in the properties of its parameters.`)
  assertAllowedUrl(fill(url, '1'), { allowPrivate, field })
}

/** Scheme, host and port of a tool's URL: where its headers go. */
export function readToolOrigin(url: string): string | undefined {
  return URL.parse(fill(url, '1'))?.origin
}

function fill(url: string, value: string): string {
  return url.replace(places, value)
}

/** What no argument may change, read as it will be read when it is called. */
function fixedPart(url: string, value: string): string {
  const { protocol, username, password, host, hash } = URL.parse(fill(url, value)) ?? {}
  return JSON.stringify([protocol, username, password, host, hash])
}
