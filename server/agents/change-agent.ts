import type { Agent, AgentChange } from '@hilo/contract'
import type { Transaction } from '../database/schema.ts'
import { mergeMetadata } from '../metadata/merge-metadata.ts'
import { recordAudit } from '../organizations/audit.ts'
import { accessAgent, presentAgent } from './access-agent.ts'

export interface AgentChangeRequest {
  organizationId: string
  id: string
  actor: string
  change: AgentChange
}

/**
 * Changes what the caller names and leaves the rest alone; metadata is merged.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST if the metadata grows too large.
 */
export async function changeAgent(
  tx: Transaction, { organizationId, id, actor, change }: AgentChangeRequest,
): Promise<Agent> {
  const before = await accessAgent(tx, { organizationId, id }, { lock: true })
  const changed = Object.keys(change).filter((key) => ['name', 'systemPrompt', 'metadata'].includes(key))
  if (changed.length === 0) return presentAgent(before)
  const after = await tx.updateTable('agents').set({
    name: change.name ?? before.name,
    system_prompt: change.systemPrompt === undefined ? before.system_prompt : change.systemPrompt || null,
    metadata: JSON.stringify(mergeMetadata(before.metadata, change.metadata ?? {})),
    updated_at: new Date(),
  }).where('organization_id', '=', organizationId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
  await recordAudit(tx, { organizationId, actor, action: 'agent.updated', subject: id, details: { changed } })
  return presentAgent(after)
}
