import type { LanguageModel } from 'ai'
import type { GuardedFetch } from '../guarded-client/create-fetch.ts'
import { GuardError } from '../guarded-client/guard-error.ts'
import type { Sdk } from './load-sdk.ts'
import type { ModelSettings } from './model-call.ts'

/** Said for each provider: without one, the libraries would take the address from the environment. */
const ownBaseUrls = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  'openai-compatible': undefined,
} satisfies Record<ModelSettings['provider'], string | undefined>

function readBaseUrl({ provider, baseUrl }: ModelSettings): string {
  const text = baseUrl ?? ownBaseUrls[provider]
  if (!text) throw new GuardError('REFUSED', 'No base URL is set. Set one, such as https://llm.example.com/v1.')
  if (!URL.canParse(text)) throw new GuardError('REFUSED', 'The base URL is no URL. Write it in full, such as https://llm.example.com/v1.')
  return text.replace(/\/+$/, '')
}

/** Most models that are kept: far more than one process serves in a while. */
const maxKept = 500

/**
 * Gives the objects that stand for models, and keeps them: making one takes longer than all else that is done for a
 * question.
 */
export function keepModels(sdk: Sdk, fetch: GuardedFetch): (settings: ModelSettings) => LanguageModel {
  const kept = new Map<string, LanguageModel>()
  return (settings) => {
    const { provider, name, baseUrl, apiKey } = settings
    const key = JSON.stringify([provider, name, baseUrl, apiKey])
    const model = kept.get(key) ?? createModel(sdk, settings, fetch)
    kept.delete(key) // and to the end: the first of the list is the one that was not asked for longest
    kept.set(key, model)
    if (kept.size > maxKept) kept.delete(kept.keys().next().value!)
    return model
  }
}

/**
 * OpenAI is asked by chat completions and not by its Responses API: that one keeps the conversations at OpenAI unless
 * told otherwise, knows no penalties, and is not there at the gateways that a base URL leads to.
 * @throws GuardError when the base URL is missing or is none.
 */
function createModel(sdk: Sdk, settings: ModelSettings, fetch: GuardedFetch): LanguageModel {
  const { provider, name, apiKey } = settings
  const options = {
    baseURL: readBaseUrl(settings),
    apiKey: apiKey ?? '', // an absent one would be taken from the environment
    fetch: apiKey ? fetch : withoutKey(fetch),
  }
  switch (provider) {
    case 'openai': return sdk.createOpenAI(options).chat(name)
    case 'anthropic': return sdk.createAnthropic(options)(name)
    case 'openai-compatible':
      return sdk.createOpenAICompatible({ ...options, name: provider, includeUsage: true }).chatModel(name)
  }
}

/** Takes out the headers in which an empty key would be sent. */
function withoutKey(fetch: GuardedFetch): GuardedFetch {
  return (input, init) => {
    const headers = new Headers(init?.headers)
    headers.delete('authorization')
    headers.delete('x-api-key')
    return fetch(input, { ...init, headers: Object.fromEntries(headers) })
  }
}
