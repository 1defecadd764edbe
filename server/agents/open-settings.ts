import type { ModelSettings } from '../models/model-call.ts'
import type { StoredModel, StoredTool } from './agent-settings.ts'
import { openSecret, type SecretsOf } from './agent-secrets.ts'
import type { ModelField } from './read-model.ts'
import { headerField } from './read-tools.ts'

const defaultTimeoutMs = 60_000

/** A stored model with its defaults, its key as it is stored. */
export function fillModel(
  stored: StoredModel,
): StoredModel & Pick<ModelSettings, 'acceptsImages' | 'acceptsTools' | 'timeoutMs'> {
  const {
    acceptsImages = stored.provider !== 'openai-compatible', acceptsTools = true, timeoutMs = defaultTimeoutMs,
  } = stored
  return { ...stored, acceptsImages, acceptsTools, timeoutMs }
}

/**
 * A stored model ready to be asked.
 * @throws UnreadableSecretError
 */
export function openModel(
  stored: StoredModel, { field, ...secrets }: SecretsOf & { field: ModelField },
): ModelSettings {
  const { apiKey, ...model } = fillModel(stored)
  return { ...model, ...(apiKey !== undefined && { apiKey: openSecret(apiKey, `${field}.apiKey`, secrets) }) }
}

/**
 * Stored tools ready to be called: the values of their headers are readable.
 * @throws UnreadableSecretError
 */
export function openTools(tools: readonly StoredTool[], secrets: SecretsOf): StoredTool[] {
  return tools.map((tool) => ({
    ...tool,
    headers: Object.fromEntries(Object.entries(tool.headers).map(([name, sealed]) => (
      [name, openSecret(sealed, headerField(tool.name, name), secrets)]
    ))),
  }))
}
