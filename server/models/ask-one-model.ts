import type { LanguageModel, ModelMessage } from 'ai'
import type { ModelPrices } from '../config.ts'
import { type End, explainEnd } from './explain-end.ts'
import type { Sdk } from './load-sdk.ts'
import type { ModelListener, ModelOutcome, ModelRequest, ModelSettings, PromptMessage } from './model-call.ts'
import { findPrice } from './price-usage.ts'
import { writeDeadline } from './retry-fetch.ts'
import { wrapTools } from './run-tools.ts'
import { Transcript } from './transcript.ts'

/** Requests to the model for one answer: it is asked again after each of its tools, and the last time without them. */
const maxSteps = 8

export interface Attempt {
  sdk: Sdk
  findModel(settings: ModelSettings): LanguageModel
  prices: ModelPrices
  request: ModelRequest
  listener: ModelListener
}

/** Asks one model, within its time. `hasBegun`: it said or did something, so that no other may be asked instead. */
export async function askOneModel(
  settings: ModelSettings, attempt: Attempt,
): Promise<{ outcome: ModelOutcome, hasBegun: boolean }> {
  const { listener, prices } = attempt
  const transcript = new Transcript(listener, findPrice(prices, settings.name))
  const timeout = AbortSignal.timeout(settings.timeoutMs)
  const stopping = new AbortController()
  const faults: unknown[] = []
  const onFault = (error: unknown) => {
    faults.push(error)
    stopping.abort()
  }
  const signal = AbortSignal.any([listener.signal, timeout, stopping.signal])
  let end: End | undefined
  try {
    end = await readAnswer(settings, attempt, { transcript, signal, onFault })
  } finally {
    if (end !== 'whole') stopping.abort() // drops the connection where the reading ended early
  }
  if (faults.length > 0) throw faults[0]
  const { text, usage, toolCalls, hasBegun } = transcript
  const said = { model: settings.name, text, usage, toolCalls }
  const failure = explainEnd(end, {
    settings, transcript, isAborted: listener.signal.aborted, isTimedOut: timeout.aborted,
  })
  return { hasBegun, outcome: failure ? { ok: false, ...said, ...failure } : { ok: true, ...said } }
}

interface Reading {
  transcript: Transcript
  signal: AbortSignal
  onFault: (error: unknown) => void
}

async function readAnswer(settings: ModelSettings, attempt: Attempt, reading: Reading): Promise<End> {
  const { transcript, signal } = reading
  for await (const part of readParts(settings, attempt, reading)) {
    if (signal.aborted) return 'stopped' // not a word more once it is broken off
    switch (part.type) {
      case 'text-delta': transcript.say(part.text); break
      case 'finish-step': transcript.endStep(part.usage, part.finishReason); break
      case 'error': return { error: part.error }
      case 'abort': return 'stopped'
      default: // reasoning, sources and the like are not part of the answer; tools tell of themselves
    }
  }
  return signal.aborted ? 'stopped' : 'whole'
}

/** An error is a part as well, also where the settings are wrong or the connection breaks. */
async function* readParts(settings: ModelSettings, attempt: Attempt, reading: Reading) {
  try {
    yield* openStream(settings, attempt, reading)
  } catch (error) {
    yield { type: 'error' as const, error }
  }
}

function openStream(settings: ModelSettings, attempt: Attempt, { transcript, signal, onFault }: Reading) {
  const { sdk, request, findModel } = attempt
  const onCall = (name: string, input: Record<string, unknown>) => transcript.call(name, input)
  const { stream } = sdk.streamText({
    model: findModel(settings),
    headers: writeDeadline(performance.now() + settings.timeoutMs),
    instructions: request.instructions || undefined,
    messages: toMessages(request.messages, settings.acceptsImages),
    tools: settings.acceptsTools ? wrapTools(sdk, request.tools, { onFault, onCall }) : undefined,
    stopWhen: sdk.isStepCount(maxSteps),
    prepareStep: ({ stepNumber }) => (stepNumber === maxSteps - 1 ? { toolChoice: 'none' } : undefined),
    temperature: settings.temperature,
    maxOutputTokens: settings.maxTokens,
    topP: settings.topP,
    presencePenalty: settings.presencePenalty,
    frequencyPenalty: settings.frequencyPenalty,
    maxRetries: 0, // see retry-fetch.ts
    abortSignal: signal,
    telemetry: { isEnabled: false },
    onError: () => {}, // it would print them; they come through the stream as well
  })
  return stream
}

function toMessages(messages: readonly PromptMessage[], acceptsImages: boolean): ModelMessage[] {
  return messages.flatMap(({ role, text, images = [] }): ModelMessage[] => {
    if (role === 'assistant') return text === '' ? [] : [{ role, content: text }]
    const shown = acceptsImages ? images : []
    if (shown.length === 0) return text === '' ? [] : [{ role, content: text }]
    const files = shown.map(({ data, mimeType }) => ({ type: 'file' as const, data, mediaType: mimeType }))
    return [{ role, content: text === '' ? files : [{ type: 'text', text }, ...files] }]
  })
}
