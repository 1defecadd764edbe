import { createId } from '../database/create-id.ts'
import type { Metadata, Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import type { StoredSettings } from './agent-settings.ts'

export interface NewAgent {
  organizationId: string
  /** Kept as given; made up when absent. */
  id?: string
  name: string
  systemPrompt?: string | null
  metadata?: Metadata
  /** As they are stored. */
  settings?: StoredSettings
}

/**
 * Creates an agent.
 * @returns its id.
 * @throws HiloError ALREADY_EXISTS when the organization has an agent with this id.
 */
export async function createAgent(tx: Transaction, agent: NewAgent): Promise<string> {
  const id = agent.id ?? createId()
  const inserted = await tx.insertInto('agents').values({
    organization_id: agent.organizationId,
    id,
    name: agent.name,
    system_prompt: agent.systemPrompt ?? null,
    metadata: JSON.stringify(agent.metadata ?? {}),
    settings: JSON.stringify(agent.settings ?? {}),
  }).onConflict((conflict) => conflict.doNothing()).returning('id').executeTakeFirst()
  if (!inserted) {
    throw new HiloError('ALREADY_EXISTS', `This organization already has an agent with the id "${id}".`, {
      field: 'id',
      hint: 'Use that agent, or leave the id out to get a new one.',
    })
  }
  return id
}
