import { accessAgent } from '../agents/access-agent.ts'
import { UnreadableSecretError } from '../agents/agent-secrets.ts'
import { readSettings, type StoredTool } from '../agents/agent-settings.ts'
import { openTools } from '../agents/open-settings.ts'
import { accessConversation } from '../conversations/access-conversation.ts'
import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import type { Encryption } from '../encryption/encrypt.ts'
import { HiloError } from '../errors.ts'
import type { CallIdentity } from '../models/call-identity.ts'
import type { ModelTool } from '../models/model-call.ts'
import type { RunTool } from './decide-approval.ts'
import type { ApprovalRow } from './list-approvals.ts'

interface RunToolOptions {
  db: Database
  /** Of the agents' credentials. */
  encryption: Encryption
  /** Makes a tool of an agent callable; its headers are readable. */
  createTool(tool: StoredTool, identity: CallIdentity): ModelTool
}

/** Calls tools as their agents are set now. */
export function createRunTool({ db, encryption, createTool }: RunToolOptions): RunTool {
  return async (approval) => {
    const { organization_id: organizationId, agent_id: id, payload } = approval
    const { agent, identity } = await inOrganization(db, organizationId, async (tx) => {
      const agent = await accessAgent(tx, { organizationId, id })
      const conversation = await accessConversation(tx, organizationId, { id: approval.conversation_id })
      const identity = { agentId: id, conversationId: conversation.id, contactId: conversation.contact_id }
      return { agent, identity }
    })
    const stored = readSettings(agent.settings).tools.find(({ name }) => name === approval.tool)
    if (!stored) {
      throw new HiloError('NOT_FOUND', `Agent "${id}" has no tool "${approval.tool}" any more.`, {
        hint: `Reject the approval, or give the agent the tool back at PATCH /api/agents/${id} and approve again.`,
      })
    }
    const tool = openTool(stored, approval, encryption)
    return createTool(tool, identity).run(payload, new AbortController().signal) // it has a time-out of its own
  }
}

function openTool(
  stored: StoredTool, { organization_id: organizationId, agent_id: agentId }: ApprovalRow, encryption: Encryption,
): StoredTool {
  try {
    return openTools([stored], { encryption, organizationId, agentId })[0]!
  } catch (error) {
    if (!(error instanceof UnreadableSecretError)) throw error
    throw new HiloError('MODEL_NOT_CONFIGURED', error.message, {
      hint: 'The tool was not called and the approval is still pending: approve it again after that.', cause: error,
    })
  }
}
