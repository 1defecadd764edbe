import { sql } from 'kysely'
import { accessAgent } from '../agents/access-agent.ts'
import { createId } from '../database/create-id.ts'
import type { Transaction } from '../database/schema.ts'
import type { Encryption } from '../encryption/encrypt.ts'
import { readLastSeq } from '../events/read-log.ts'
import { HiloError } from '../errors.ts'
import { recordAudit } from '../organizations/audit.ts'
import type { EndpointRow } from './access-endpoint.ts'
import { createWebhookSecret, secretOwner } from './webhook-secret.ts'

export interface AnsweringAgent {
  organizationId: string
  agentId: string
  /** Id of the API key that wants it to answer so. */
  actor: string
}

/**
 * Sees to it that an agent has the endpoint over which its answers go to the addresses of calls. Whoever asks must do
 * so before the first answer is in the log.
 * @returns whether it was created by this.
 * @throws HiloError NOT_FOUND if the organization has no such agent.
 */
export async function ensureAnswersEndpoint(
  tx: Transaction, { organizationId, agentId, actor }: AnsweringAgent, encryption: Encryption,
): Promise<boolean> {
  const existing = await tx.selectFrom('webhook_endpoints').select('id')
    .where('organization_id', '=', organizationId).where('agent_id', '=', agentId).where('kind', '=', 'answers')
    .executeTakeFirst()
  if (existing) return false
  await accessAgent(tx, { organizationId, id: agentId })
  const id = createId()
  const created = await tx.insertInto('webhook_endpoints').values({
    organization_id: organizationId, id, kind: 'answers', agent_id: agentId, is_ordered: true, ignore_own: false,
    own_api_key_id: actor, is_enabled: true, last_seq: await readLastSeq(tx, organizationId),
    secret: encryption.encrypt(createWebhookSecret(), secretOwner(organizationId, id)),
  }).onConflict((taken) => taken.columns(['agent_id', 'organization_id']).where('kind', '=', sql.lit('answers')).doNothing())
    .returning('id').executeTakeFirst()
  if (!created) return false
  await recordAudit(tx, {
    organizationId, actor, action: 'webhook_endpoint.created', subject: id, details: { kind: 'answers', agentId },
  })
  return true
}

/** Calls give the addresses, and it wants answers only, all of them. */
const foreign = ['url', 'eventTypes', 'agentId', 'channel', 'ignoreOwn', 'ownApiKeyId']

/** @throws HiloError INVALID_REQUEST for what is not a setting of an endpoint of answers. */
export function assertChangeable({ kind, agent_id }: EndpointRow, fields: readonly string[]): void {
  const field = kind === 'answers' ? fields.find((name) => foreign.includes(name)) : undefined
  if (field === undefined) return
  throw new HiloError('INVALID_REQUEST', `${field}: this endpoint sends the answers of agent "${agent_id}" and nothing else, to the URLs of the calls.`, {
    field, hint: 'Change "description", "ordered" or "isEnabled", or create an endpoint of its own for events.',
  })
}

/** @throws HiloError INVALID_REQUEST: answers on their way would be lost with it. */
export function assertDeletable({ kind, agent_id }: EndpointRow): void {
  if (kind === 'events') return
  throw new HiloError('INVALID_REQUEST', `This endpoint sends the answers of agent "${agent_id}": it stays with the agent.`, {
    field: 'id', hint: 'PATCH it with "isEnabled": false to send none of them.',
  })
}
