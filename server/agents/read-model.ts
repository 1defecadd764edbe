import type { ModelInput } from '@hilo/contract'
import type { ModelPrices } from '../config.ts'
import { findPlaceholder } from '../conversations/find-placeholder.ts'
import { HiloError } from '../errors.ts'
import { assertAllowedUrl } from '../guarded-client/check-url.ts'
import type { StoredModel } from './agent-settings.ts'
import { assertSecret, sealSecret, type SecretsOf } from './agent-secrets.ts'

/** What reading settings needs besides them. */
export interface SettingsContext extends SecretsOf {
  /** Whether addresses may be `http://` and in private networks. */
  allowPrivate: boolean
  /** By the name of the model. */
  prices: ModelPrices
}

export type ModelField = 'model' | 'fallbackModel'

interface ModelPlace {
  field: ModelField
  before: StoredModel | undefined
}

/**
 * A model as it is to be stored. The stored key stays only where it goes to the same place as before.
 * @throws HiloError INVALID_REQUEST.
 */
export function readModel(input: ModelInput, { field, before }: ModelPlace, context: SettingsContext): StoredModel {
  assertAddress(input, field, context)
  const { apiKey, provider, baseUrl } = input
  const isSamePlace = before?.provider === provider && before.baseUrl === (baseUrl || undefined)
  if (apiKey) assertSecret(apiKey, `${field}.apiKey`)
  const sealed = apiKey ? sealSecret(apiKey, `${field}.apiKey`, context) : isSamePlace ? before.apiKey : undefined
  return withoutAbsent({
    provider,
    name: input.name,
    baseUrl: baseUrl || undefined,
    apiKey: sealed,
    temperature: input.temperature,
    maxTokens: input.maxTokens,
    topP: input.topP,
    presencePenalty: input.presencePenalty,
    frequencyPenalty: input.frequencyPenalty,
    acceptsImages: input.acceptsImages,
    acceptsTools: input.acceptsTools,
    timeoutMs: input.timeoutMs,
  }) as StoredModel
}

function assertAddress(
  { provider, name, baseUrl }: ModelInput, field: ModelField, { allowPrivate }: SettingsContext,
): void {
  const placeholder = findPlaceholder(name)
  if (placeholder !== undefined) {
    throw new HiloError('INVALID_REQUEST', `${field}.name was not filled in: it holds "${placeholder}".`, {
      field: `${field}.name`,
    })
  }
  if (baseUrl) return assertAllowedUrl(baseUrl, { allowPrivate, field: `${field}.baseUrl` })
  if (provider !== 'openai-compatible') return
  throw new HiloError('INVALID_REQUEST', `${field}.baseUrl is needed for openai-compatible.`, {
    field: `${field}.baseUrl`, hint: 'The address of its API, such as http://localhost:11434/v1 for Ollama.',
  })
}

/** `null` in a body means absent, and what is absent is not stored. */
export function withoutAbsent<Values extends object>(values: Values): Partial<{
  [Key in keyof Values]: NonNullable<Values[Key]>
}> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined && value !== null)
  return Object.fromEntries(entries) as ReturnType<typeof withoutAbsent<Values>>
}
