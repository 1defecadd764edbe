import type { Transaction } from '../database/schema.ts'
import type { Asked } from './answers.ts'

/** Ends after which a repeat of the call asks the AI once more; after all others it gets the first answer. */
const retried = ['failed', 'aborted', 'interrupted', 'overtaken'] as const

/**
 * Opens the question of a repeated call again where it was never answered: its turn failed, or it was broken off. A
 * message that was recorded without a question becomes one.
 */
export async function openAgain(tx: Transaction, asked: Asked): Promise<void> {
  const { organizationId, conversationId, messageId, agentId, apiKeyId, question } = asked
  const message = await tx.selectFrom('messages').select('seq')
    .where('organization_id', '=', organizationId).where('id', '=', messageId).executeTakeFirstOrThrow()
  await tx.insertInto('questions').values({
    organization_id: organizationId, message_id: messageId, conversation_id: conversationId, seq: message.seq,
    agent_id: agentId, api_key_id: apiKeyId, request: JSON.stringify(question),
  }).onConflict((conflict) => conflict.doNothing()).execute()
  await tx.updateTable('questions')
    .set({ settled_at: null, turn_id: null, asked_at: new Date(), request: JSON.stringify(question) })
    .where('organization_id', '=', organizationId).where('message_id', '=', messageId)
    .where('settled_at', 'is not', null)
    .where(({ or, eb, exists, selectFrom }) => or([
      eb('turn_id', 'is', null),
      exists(selectFrom('turns').select('id')
        .whereRef('turns.organization_id', '=', 'questions.organization_id')
        .whereRef('turns.id', '=', 'questions.turn_id').where('outcome', 'in', retried)),
    ])).execute()
}
