import { checkAddress, explainModelFailure, nameModel, writeSeconds } from './explain-model-failure.ts'
import type { ModelSettings } from './model-call.ts'
import type { Transcript } from './transcript.ts'

/** How the reading of an answer ended: it was whole, was stopped by a signal, or failed. */
export type End = 'whole' | 'stopped' | { error: unknown }

export interface EndOptions {
  settings: ModelSettings
  transcript: Transcript
  /** The caller broke the call off. */
  isAborted: boolean
  isTimedOut: boolean
}

/** Why there is no answer, or not a whole one; undefined where there is. */
export function explainEnd(end: End, options: EndOptions): { isAborted: boolean, reason: string } | undefined {
  if (end === 'whole') {
    const reason = explainSilence(options)
    return reason === undefined ? undefined : { isAborted: false, reason }
  }
  if (options.isAborted) return { isAborted: true, reason: 'The call was broken off.' }
  if (options.isTimedOut) return { isAborted: false, reason: explainTimeout(options) }
  return { isAborted: false, reason: explainModelFailure(end === 'stopped' ? undefined : end.error, options.settings) }
}

function explainTimeout({ settings, transcript }: EndOptions): string {
  const did = transcript.text === '' ? 'said nothing' : 'did not finish its answer'
  return `${nameModel(settings)} ${did} within ${writeSeconds(settings.timeoutMs / 1000)}, its timeoutMs.`
}

/** Saying nothing is an answer where the model ended it itself. */
function explainSilence({ settings, transcript }: EndOptions): string | undefined {
  if (transcript.text !== '' || transcript.finishReason === 'stop') return undefined
  const who = nameModel(settings)
  switch (transcript.finishReason) {
    case 'content-filter': return `${who} gave no answer: the provider's content filter held it back.`
    case 'length': return `${who} used up its maxTokens before it said a word; raise maxTokens.`
    case 'tool-calls': return `${who} asked for tools again and again, and gave no answer.`
    default: return `${who} gave no answer that can be read. ${checkAddress}`
  }
}
