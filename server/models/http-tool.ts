import { GuardError } from '../guarded-client/guard-error.ts'
import type { GuardedBytes, GuardedClient, GuardedRequest } from '../guarded-client/guarded-fetch.ts'
import { addIdentity, type CallIdentity } from './call-identity.ts'
import { decodeText, isTextType, readMimeType } from './decode-text.ts'
import { explainToModel } from './explain-to-model.ts'
import { type FilledUrl, fillToolUrl, writeArgument } from './fill-tool-url.ts'
import type { ModelTool } from './model-call.ts'

/** A tool that calls an address of the agent's owner, its secrets readable. */
export interface HttpToolSettings {
  name: string
  description: string
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>
  method: GuardedRequest['method']
  /** With `{argument}` places in path and query. */
  url: string
  headers: Record<string, string>
  /** For one call. */
  timeoutMs: number
}

const maxAnswerBytes = 8 * 1024

/** Shorter values than this are no secrets, and would be struck out of innocent words. */
const minSecretLength = 8

const openHeaders = new Set(['accept', 'accept-language', 'content-type', 'user-agent'])

export interface HttpToolContext {
  client: Pick<GuardedClient, 'request'>
  /** Goes with each call. */
  identity: CallIdentity
  /** Hears why the address could not be called, which the model is told without hosts and settings. */
  onFailure?(error: GuardError): void
}

/**
 * Makes a tool that calls an address: arguments without a place in the URL go into the query string (GET, DELETE) or,
 * as JSON, into the body. The model is told what came back, or in a sentence why nothing did.
 */
export function createHttpTool(
  settings: HttpToolSettings, { client, identity, onFailure }: HttpToolContext,
): ModelTool {
  const { name, description, parameters } = settings
  const fillIn = async (input: Record<string, unknown>): Promise<FilledUrl> => {
    const problem = await findProblem(parameters, input)
    if (problem !== undefined) return { problem: `The arguments do not fit: ${problem}` }
    const filled = fillToolUrl(settings.url, input)
    return 'problem' in filled ? { problem: `The tool was not called. ${filled.problem}` } : filled
  }
  return {
    name, description, parameters,
    async check(input) {
      const filled = await fillIn(input)
      return 'problem' in filled ? filled.problem : undefined
    },
    async run(input, signal) {
      const filled = await fillIn(input)
      if ('problem' in filled) return filled.problem
      try {
        const answer = await client.request(...buildRequest(settings, { ...filled, identity, signal }))
        return describeAnswer(answer, listSecrets(settings, identity))
      } catch (error) {
        if (!(error instanceof GuardError)) throw error
        onFailure?.(error)
        return `The tool does not work at the moment: ${explainToModel(error)}.`
      }
    },
  }
}

interface Call {
  url: string
  unused: Record<string, unknown>
  identity: CallIdentity
  signal: AbortSignal
}

function buildRequest(
  { method, headers: set, timeoutMs }: HttpToolSettings, { url, unused, identity, signal }: Call,
): [url: string, options: GuardedRequest] {
  const headers = addIdentity(set, identity)
  const options = { method, headers, timeoutMs, maxAnswerBytes, signal }
  if (method === 'GET' || method === 'DELETE') return [addQuery(url, unused), options]
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
  const typed = hasType ? headers : { ...headers, 'content-type': 'application/json' }
  return [url, { ...options, headers: typed, body: JSON.stringify(unused) }]
}

/** A list is written as the same name again and again. */
function addQuery(url: string, input: Record<string, unknown>): string {
  const pairs = Object.entries(input).flatMap(([name, value]) => (
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, writeArgument(one)])
  ))
  if (pairs.length === 0) return url
  return `${url}${url.includes('?') ? '&' : '?'}${new URLSearchParams(pairs)}`
}

function describeAnswer({ status, headers, body, isCut }: GuardedBytes, secrets: readonly string[]): string {
  const contentType = [headers['content-type'] ?? []].flat()[0]
  const mimeType = readMimeType(contentType) ?? 'text/plain'
  const text = isTextType(mimeType) ? decodeText(body, contentType, isCut) : `(${mimeType}, which is no text)`
  const shown = hideSecrets(text, secrets, isCut)
  const whole = isCut ? `${shown}\n[Only the first ${maxAnswerBytes} bytes are shown.]` : shown
  if (status >= 200 && status < 300) return whole.trim() === '' ? `It is done; no text came back (${status}).` : whole
  const redirect = status >= 300 && status < 400 ? ' It is a redirect, which is not followed.' : ''
  return `The tool failed with status ${status}.${redirect} ${whole}`.trimEnd()
}

/** What a tool is sent and nobody else may see. Ids of ours are no secrets, also where a header holds one. */
function listSecrets({ headers }: HttpToolSettings, identity: CallIdentity): string[] {
  const ids: unknown[] = Object.values(identity)
  return Object.entries(headers)
    .flatMap(([name, value]) => (openHeaders.has(name.toLowerCase()) ? [] : [value, ...value.split(/\s+/)]))
    .filter((value) => value.length >= minSecretLength && !ids.includes(value))
    .sort((one, other) => other.length - one.length)
}

/** An answer may repeat what it was sent; the model, and through it the customer, must not see the secrets. */
function hideSecrets(text: string, secrets: readonly string[], isCut: boolean): string {
  const shown = secrets.reduce((all, secret) => all.replaceAll(secret, '***'), text)
  const hidden = isCut ? Math.max(0, ...secrets.map((secret) => countBegun(shown, secret))) : 0
  return hidden === 0 ? shown : `${shown.slice(0, -hidden)}***`
}

/** Letters at the end of a text that was cut which may be the beginning of this secret. */
function countBegun(text: string, secret: string): number {
  let count = secret.length - 1
  while (!text.endsWith(secret.slice(0, count))) count -= 1
  return count
}

/** What does not fit the schema, for the model to mend; undefined where all does. No code is made of the schema. */
async function findProblem(parameters: Record<string, unknown>, input: unknown): Promise<string | undefined> {
  const { Errors } = await import('typebox/schema')
  try {
    const [fits, errors] = Errors(parameters, input)
    if (fits) return undefined
    const said = errors.filter(({ keyword }) => keyword !== 'boolean').map(({ instancePath, message, params }) => (
      `${instancePath === '' ? 'they' : instancePath} ${message}${namesOf(params)}`
    ))
    return `${[...new Set(said)].slice(0, 5).join('; ') || 'the schema of the tool allows none'}.`
  } catch (error) {
    return `the schema of the tool is not usable (${(error as Error).message.slice(0, 200).toWellFormed()}).`
  }
}

function namesOf(params: object): string {
  const names = 'additionalProperties' in params ? params.additionalProperties : undefined
  return Array.isArray(names) ? ` (${names.map(String).join(', ').slice(0, 200).toWellFormed()})` : ''
}
