import type { ToolInput } from '@hilo/contract'
import { HiloError } from '../errors.ts'
import { isIdentityHeader } from '../models/call-identity.ts'
import type { StoredTool } from './agent-settings.ts'
import { assertSecret, sealSecret } from './agent-secrets.ts'
import type { SettingsContext } from './read-model.ts'
import { assertToolUrl, readToolOrigin } from './tool-url.ts'

const builtIn = new Set(['request_human', 'mark_as_resolved'])
/** Those that belong to the connection, not to the call. */
const ownHeaders = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect', 'te', 'trailer'])
const maxBytes = 128 * 1024
const defaultTimeoutMs = 15_000

function refuse(field: string, problem: string, hint?: string): never {
  throw new HiloError('INVALID_REQUEST', `${field} ${problem}`, { field, hint })
}

/**
 * Tools as they are to be stored.
 * @param before those that are stored, of which headers can be kept.
 * @throws HiloError INVALID_REQUEST.
 */
export function readTools(
  inputs: readonly ToolInput[], before: readonly StoredTool[], context: SettingsContext,
): StoredTool[] {
  const names = new Set(builtIn)
  const tools = inputs.map((input, index) => {
    const field = `tools[${index}]`
    if (builtIn.has(input.name)) refuse(`${field}.name`, `is "${input.name}", which is built in. Choose another one.`)
    if (names.has(input.name)) refuse(`${field}.name`, `is "${input.name}", like that of another tool.`)
    names.add(input.name)
    return readTool(input, { field, before: before.find(({ name }) => name === input.name) }, context)
  })
  const bytes = Buffer.byteLength(JSON.stringify(tools))
  if (bytes > maxBytes) refuse('tools', `are ${bytes} bytes of JSON in all; at most ${maxBytes} are kept.`)
  return tools
}

interface ToolPlace {
  field: string
  before: StoredTool | undefined
}

function readTool(input: ToolInput, place: ToolPlace, context: SettingsContext): StoredTool {
  const parameters = input.parameters ?? { type: 'object', properties: {} }
  assertParameters(parameters, `${place.field}.parameters`)
  const { allowPrivate } = context
  assertToolUrl({ url: input.url, parameters, field: `${place.field}.url`, allowPrivate })
  return {
    name: input.name,
    description: input.description,
    parameters,
    method: input.method ?? 'POST',
    url: input.url,
    headers: readHeaders(input, place, context),
    timeoutMs: input.timeoutMs ?? defaultTimeoutMs,
    requiresApproval: input.requiresApproval ?? false,
  }
}

function assertParameters({ type, properties }: Record<string, unknown>, field: string): void {
  if (type !== 'object') refuse(`${field}.type`, 'must be "object": arguments have names.')
  if (properties === undefined) return
  if (!isObject(properties)) refuse(`${field}.properties`, 'must be an object: a schema for each argument.')
  const wrong = Object.entries(properties).find(([, schema]) => !isObject(schema) && typeof schema !== 'boolean')
  if (wrong) refuse(`${field}.properties.${wrong[0]}`, 'must be a JSON Schema.')
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Under which name a header is encrypted. */
export function headerField(tool: string, header: string): string {
  return `tools.${tool}.headers.${header.toLowerCase()}`
}

function readHeaders({ name: tool, url, headers }: ToolInput, place: ToolPlace, context: SettingsContext) {
  const { before } = place
  const isSamePlace = before !== undefined && readToolOrigin(before.url) === readToolOrigin(url)
  const stored = Object.entries(isSamePlace ? before.headers : {})
  const kept = new Map(stored.map(([key, sealed]) => [key.toLowerCase(), sealed]))
  const seen = new Set<string>()
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]): [string, string] => {
    const field = `${place.field}.headers.${name}`
    assertHeaderName(name, { field, seen })
    if (value !== null) {
      assertSecret(value, field, { allowBlanks: true })
      return [name, sealSecret(value, headerField(tool, name), context)]
    }
    return [name, kept.get(name.toLowerCase()) ?? refuse(field, 'is null, which keeps the stored value, but none is '
      + 'stored for a tool of this name at this scheme, host and port. Send the value.')]
  }))
}

function assertHeaderName(name: string, { field, seen }: { field: string, seen: Set<string> }): void {
  const key = name.toLowerCase()
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/.test(key)) refuse(field, 'is no name of a header.')
  if (isIdentityHeader(key)) {
    refuse(field, 'is set by Hilo itself, which says there who the call is for. Take it out.')
  }
  if (ownHeaders.has(key)) refuse(field, 'is set by Hilo itself. Take it out.')
  if (seen.has(key)) refuse(field, 'is there twice; upper and lower case are the same.')
  seen.add(key)
}
