import type { AgentModel, AgentTool, Settings } from '@hilo/contract'
import { readSettings, type StoredModel, type StoredSettings, type StoredTool } from './agent-settings.ts'
import { fillModel } from './open-settings.ts'

/** The whole settings as the API shows them: of credentials no more than that they are there. */
export function presentSettings(stored: StoredSettings): Settings {
  const settings = readSettings(stored)
  const { takeover, conversationalMode } = settings
  return {
    model: presentModel(settings.model),
    fallbackModel: presentModel(settings.fallbackModel),
    historyLimit: settings.historyLimit,
    historyTokens: settings.historyTokens,
    burstWindowMs: settings.burstWindowMs,
    burstMaxWaitMs: settings.burstMaxWaitMs,
    takeover: { policy: takeover.policy, minutes: takeover.policy === 'minutes' ? takeover.minutes : null },
    onModelFailure: settings.onModelFailure,
    dailySpendLimit: settings.dailySpendLimit ?? null,
    tools: settings.tools.map(presentTool),
    conversationalMode: { ...conversationalMode, webhookUrl: conversationalMode.webhookUrl ?? null },
  }
}

function presentModel(stored: StoredModel | undefined): AgentModel | null {
  if (!stored) return null
  const model = fillModel(stored)
  return {
    provider: model.provider,
    name: model.name,
    baseUrl: model.baseUrl ?? null,
    hasApiKey: model.apiKey !== undefined,
    temperature: model.temperature ?? null,
    maxTokens: model.maxTokens ?? null,
    topP: model.topP ?? null,
    presencePenalty: model.presencePenalty ?? null,
    frequencyPenalty: model.frequencyPenalty ?? null,
    acceptsImages: model.acceptsImages,
    acceptsTools: model.acceptsTools,
    timeoutMs: model.timeoutMs,
  }
}

function presentTool({ headers, ...tool }: StoredTool): AgentTool {
  return { ...tool, headers: Object.fromEntries(Object.keys(headers).map((name) => [name, null])) }
}
