import type { Agent, AgentChange } from '@hilo/contract'
import type { ModelPrices } from '../config.ts'
import type { Transaction } from '../database/schema.ts'
import type { Encryption } from '../encryption/encrypt.ts'
import { mergeMetadata } from '../metadata/merge-metadata.ts'
import { recordAudit } from '../organizations/audit.ts'
import { accessAgent, presentAgent } from './access-agent.ts'
import { changeSettings, settingNames } from './change-settings.ts'

export interface AgentChangeRequest {
  organizationId: string
  id: string
  actor: string
  change: AgentChange
  encryption: Encryption
  /** Whether addresses may be `http://` and in private networks. */
  allowPrivate: boolean
  /** By the name of the model. */
  prices: ModelPrices
}

const names: readonly string[] = ['name', 'systemPrompt', ...settingNames, 'metadata']

/**
 * Changes what the caller names and leaves the rest alone; metadata is merged.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST for a setting that is not right, or if the metadata grows too large.
 */
export async function changeAgent(
  tx: Transaction, { organizationId, id, actor, change, ...context }: AgentChangeRequest,
): Promise<Agent> {
  const before = await accessAgent(tx, { organizationId, id }, { lock: true })
  const changed = Object.keys(change).filter((key) => names.includes(key))
  if (changed.length === 0) return presentAgent(before)
  const after = await tx.updateTable('agents').set({
    name: change.name ?? before.name,
    system_prompt: change.systemPrompt === undefined ? before.system_prompt : change.systemPrompt || null,
    metadata: JSON.stringify(mergeMetadata(before.metadata, change.metadata ?? {})),
    settings: JSON.stringify(changeSettings(before.settings, change, { ...context, organizationId, agentId: id })),
    updated_at: new Date(),
  }).where('organization_id', '=', organizationId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
  await recordAudit(tx, { organizationId, actor, action: 'agent.updated', subject: id, details: { changed } })
  return presentAgent(after)
}
