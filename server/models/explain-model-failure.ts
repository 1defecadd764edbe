import { GuardError } from '../guarded-client/guard-error.ts'
import type { ModelSettings } from './model-call.ts'
import { readAskedWait } from './retry-fetch.ts'

/** Longest piece of a provider's own words that is passed on. */
const maxWords = 200

export const checkAddress = 'Check that the base URL is the one of its API.'

/** An answer of a provider that is none, as the AI SDK throws it; read by its shape, as the SDK is loaded late. */
interface CallError extends Error {
  statusCode?: number
  responseHeaders?: Record<string, string>
  /** The error as the provider writes it, where it could be read. */
  data?: unknown
}

/** Why a model gave no answer, in a sentence that names provider, model and cause, and what to do. */
export function explainModelFailure(error: unknown, settings: ModelSettings): string {
  const who = nameModel(settings)
  const guarded = findCause(error, (one) => one instanceof GuardError)
  if (guarded?.reason === 'REFUSED') return `${who} may not be called. ${guarded.message}`
  if (guarded) return `${who} cannot be reached. ${guarded.message}`
  const called = findCause(error, (one): one is CallError => one instanceof Error && 'statusCode' in one)
  const status = called?.statusCode
  if (findCause(error, isUnreadable)) {
    return `${who} gave an answer that cannot be read, or not to its end. ${checkAddress}`
  }
  if (!called || status === undefined || status < 400) return `${who} broke its answer off${quote(error, settings)}.`
  return explainStatus({ who, status, error: called, settings })
}

/** `The model "gpt-4o" of openai`, for the beginning of a sentence. */
export function nameModel({ name, provider, baseUrl }: ModelSettings): string {
  const host = baseUrl === undefined ? undefined : URL.parse(baseUrl)?.host
  return `The model "${name}" of ${provider}${host ? ` at ${host}` : ''}`
}

interface Refusal {
  who: string
  status: number
  error: CallError
  settings: ModelSettings
}

const noCredit = /insufficient_quota|credit balance|billing/i

/** Errors of the AI SDK about the form of an answer; their messages hold pieces of it. */
const unreadable = /^AI_(InvalidResponseData|JSONParse|TypeValidation|EmptyResponseBody)Error$/

/** As Ollama, OpenRouter, vLLM, llama.cpp and OpenAI say that a model is offered tools and takes none. */
const noTools = /support(s|ed)? (\w+ )?(tools?|function calling)\b|\btools'? (is|are) not supported|\btool choice requires|\btools param requires/i

function isUnreadable(error: unknown): error is Error {
  return error instanceof Error && unreadable.test(error.name)
}

function explainStatus({ who, status, error, settings }: Refusal): string {
  const words = quote(error.data, settings)
  if (status === 401 || status === 403) {
    return settings.apiKey
      ? `${who} cannot be used: the API key is refused (${status}). Set a key that is valid and may use this model.`
      : `${who} cannot be used: it asks for an API key (${status}). Set one.`
  }
  if (status === 402 || noCredit.test(JSON.stringify(error.data ?? ''))) {
    return `${who} cannot be used: the account has no credit left (${status}). Top it up at the provider.`
  }
  if (settings.acceptsTools && noTools.test(words)) {
    return `${who} takes no tools (${status})${words}. Set its acceptsTools to false, or choose a model that can use tools.`
  }
  if (status === 404) {
    return `${who} does not exist there (404)${words}. Check the name${settings.baseUrl ? ' and the base URL' : ''}.`
  }
  if (status === 429) return `${who} is asked too often (429).${describeWait(error)}`
  if (status >= 500) return `${who} does not work at the moment: the provider has a failure of its own (${status})${words}.`
  return `${who} does not take the request (${status})${words}.`
}

function describeWait({ responseHeaders = {} }: CallError): string {
  const waitMs = readAskedWait(new Headers(responseHeaders))
  return waitMs === undefined ? ' Ask again later.' : ` The provider asks to wait ${writeSeconds(Math.ceil(waitMs / 1000))}.`
}

/** `1 second`, `60 seconds`. */
export function writeSeconds(seconds: number): string {
  return `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`
}

/** The provider's own message, short, on one line, and never with the key. */
function quote(source: unknown, { apiKey }: ModelSettings): string {
  const message = readMessage(source)
  if (message === undefined) return ''
  const shown = (apiKey ? message.replaceAll(apiKey, '***') : message)
    .toWellFormed().replace(/[\s\p{Cc}]+/gu, ' ').trim()
  if (shown === '') return ''
  return `: ${shown.length > maxWords ? `${shown.slice(0, maxWords).toWellFormed()}…` : shown.replace(/\.$/, '')}`
}

/** `message` of an error, or of what a provider writes: `{"error":{"message":…}}`, `{"message":…}` or a bare text. */
function readMessage(source: unknown): string | undefined {
  if (typeof source === 'string') return source
  if (typeof source !== 'object' || source === null) return undefined
  if ('error' in source) return readMessage(source.error)
  return 'message' in source && typeof source.message === 'string' ? source.message : undefined
}

function findCause<Found extends Error>(error: unknown, isIt: (one: unknown) => one is Found): Found | undefined {
  for (let one = error, depth = 0; one instanceof Error && depth < 10; one = one.cause, depth++) {
    if (isIt(one)) return one
  }
  return undefined
}
