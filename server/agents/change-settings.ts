import type { SettingsInput } from '@hilo/contract'
import { HiloError } from '../errors.ts'
import { assertAllowedUrl } from '../guarded-client/check-url.ts'
import type { AgentSettings, StoredSettings, TakeoverPolicy } from './agent-settings.ts'
import { assertPriced } from './assert-priced.ts'
import { type ModelField, readModel, type SettingsContext, withoutAbsent } from './read-model.ts'
import { readTools } from './read-tools.ts'

type Plain = 'historyLimit' | 'historyTokens' | 'burstWindowMs' | 'burstMaxWaitMs' | 'onModelFailure' | 'dailySpendLimit'

const plain: readonly Plain[] = [
  'historyLimit', 'historyTokens', 'burstWindowMs', 'burstMaxWaitMs', 'onModelFailure', 'dailySpendLimit',
]
/** In a body, all that is no plain field of the agent. */
export const settingNames: readonly (keyof SettingsInput)[] = [
  'model', 'fallbackModel', ...plain, 'takeover', 'tools', 'conversationalMode',
]

/**
 * Settings after a change: what is absent stays, what is `null` is the default again, all else replaces what was there.
 * @throws HiloError INVALID_REQUEST.
 */
export function changeSettings(
  before: StoredSettings, change: SettingsInput, context: SettingsContext,
): StoredSettings {
  const values: { [Name in keyof AgentSettings]: AgentSettings[Name] | null | undefined } = {
    ...pickPlain(change),
    model: changeModel('model', { before, change, context }),
    fallbackModel: changeModel('fallbackModel', { before, change, context }),
    takeover: change.takeover && readTakeover(change.takeover),
    tools: change.tools && readTools(change.tools, before.tools ?? [], context),
    conversationalMode: change.conversationalMode && readMode(change.conversationalMode, context),
  }
  const named = Object.entries(values).filter(([, value]) => value !== undefined)
  const after: StoredSettings = withoutAbsent({ ...before, ...Object.fromEntries(named) })
  const { dailySpendLimit, model, fallbackModel } = change
  if ([dailySpendLimit, model, fallbackModel].some((set) => (set ?? null) !== null)) assertPriced(after, context.prices)
  return after
}

function pickPlain(change: SettingsInput): Pick<Required<SettingsInput>, Plain> {
  return Object.fromEntries(plain.map((name) => [name, change[name]])) as Pick<Required<SettingsInput>, Plain>
}

interface ModelChange {
  before: StoredSettings
  change: SettingsInput
  context: SettingsContext
}

function changeModel(field: ModelField, { before, change, context }: ModelChange) {
  const input = change[field]
  return input && readModel(input, { field, before: before[field] }, context)
}

function readTakeover({ policy, minutes }: NonNullable<SettingsInput['takeover']>): TakeoverPolicy {
  if (policy !== 'minutes') return { policy }
  if (minutes) return { policy, minutes }
  throw new HiloError('INVALID_REQUEST', 'takeover.minutes is needed with the policy "minutes": how long the AI is quiet.', {
    field: 'takeover.minutes',
  })
}

function readMode(
  { isEnabled, webhookUrl, splitsAnswers }: NonNullable<SettingsInput['conversationalMode']>,
  { allowPrivate }: SettingsContext,
): AgentSettings['conversationalMode'] {
  if (webhookUrl) assertAllowedUrl(webhookUrl, { allowPrivate, field: 'conversationalMode.webhookUrl' })
  return { isEnabled, ...(webhookUrl && { webhookUrl }), splitsAnswers: splitsAnswers ?? false }
}
