import { keyOf } from '../database/key-of.ts'
import type { Transaction } from '../database/schema.ts'
import { type ClaimedTurn, messageIdsOf } from './claimed-turn.ts'
import { loadOpenQuestions } from './load-open-questions.ts'
import { readPasts } from './read-pasts.ts'

/** Reads the prompt of a running turn anew, with whatever has arrived; undefined if it ended elsewhere. */
export async function readTurnAgain(tx: Transaction, turn: ClaimedTurn): Promise<ClaimedTurn | undefined> {
  const { organizationId, conversationId, id, agent } = turn
  const { conversations } = await loadOpenQuestions(tx, [turn])
  const { conversation, questions } = conversations.get(keyOf(organizationId, conversationId))!
  const again = {
    ...turn, attempt: turn.attempt + 1, seenSeq: conversation.last_seq,
    contactId: conversation.contact_id, // it may have become known only with what was written meanwhile
    questions: questions.filter((question) => question.agent_id === agent.id),
  }
  const messageIds = messageIdsOf(again)
  const { numUpdatedRows } = await tx.updateTable('turns')
    .set({ attempt: again.attempt, seen_seq: again.seenSeq, overtaken_by: null, message_ids: messageIds })
    .where('organization_id', '=', organizationId).where('id', '=', id).where('finished_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return undefined
  await tx.updateTable('questions').set({ turn_id: id })
    .where('organization_id', '=', organizationId).where('message_id', 'in', messageIds).execute()
  return (await readPasts(tx, [again])).get(id)
}
