import { sql } from 'kysely'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import type { Asked } from './answers.ts'
import { isAiOff } from './is-ai-off.ts'
import { isAsync } from './question.ts'

/** Ends after which a repeat of the call asks the AI once more; after all others it gets the first answer. */
const retried = sql`('failed', 'aborted', 'interrupted', 'overtaken')`

/** What overtook the turn t is open, or has been answered or left to a human by a turn that has seen all of it. */
const isAnsweredLater = sql`(
  exists (
    select from questions later where later.organization_id = t.organization_id
      and later.conversation_id = t.conversation_id and later.settled_at is null
  ) or exists (
    select from turns later where later.organization_id = t.organization_id and later.conversation_id = t.conversation_id
      and later.id <> t.id and later.seen_seq >= t.seen_seq
      and (later.finished_at is null or later.outcome not in ${retried})
  )
)`

/** Whether a settled question is opened again. */
const isReopened = sql<boolean>`(
  questions.turn_id is null or exists (
    select from turns t where t.organization_id = questions.organization_id and t.id = questions.turn_id
      and t.outcome in ${retried} and (t.outcome <> 'overtaken' or not ${isAnsweredLater})
  )
)`

/**
 * Opens the question of a repeated call again where it was never answered: its turn failed, or was broken off, or was
 * overtaken by what nobody answered either. A message that was recorded without a question becomes one; it is the
 * customer's.
 * @returns whether it is open because of this call, rather than of one that still runs.
 */
export async function openAgain(tx: Transaction, asked: Asked): Promise<boolean> {
  const { organizationId, conversationId, messageId, agentId, apiKeyId, question } = asked
  const { seq } = await tx.selectFrom('messages').select('seq')
    .where('organization_id', '=', organizationId).where('id', '=', messageId).executeTakeFirstOrThrow()
  const request = JSON.stringify(await isAiOff(tx, asked) ? { ...question, wasAiOff: true } : question)
  const inserted = await tx.insertInto('questions').values({
    organization_id: organizationId, message_id: messageId, conversation_id: conversationId, seq,
    agent_id: agentId, api_key_id: apiKeyId, request,
  }).onConflict((conflict) => conflict.doNothing()).executeTakeFirst()
  const opened = await tx.updateTable('questions')
    .set({ settled_at: null, turn_id: null, asked_at: new Date(), request })
    .where('organization_id', '=', organizationId).where('message_id', '=', messageId)
    .where('settled_at', 'is not', null)
    .where(isReopened).executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n || opened.numUpdatedRows === 1n
}

/** Whether the question is open for a call that waits: it alone gets the answer, and nothing is sent anywhere. */
export async function isWaitedFor(
  tx: Transaction, { organizationId, messageId }: Pick<Asked, 'organizationId' | 'messageId'>,
): Promise<boolean> {
  const open = await tx.selectFrom('questions').select('message_id')
    .where('organization_id', '=', organizationId).where('message_id', '=', messageId)
    .where('settled_at', 'is', null).where(sql<boolean>`not ${isAsync}`).executeTakeFirst()
  return open !== undefined
}

/** @throws HiloError INVALID_REQUEST where the message of a repeated call is not the customer's. */
export async function assertFromCustomer(
  tx: Transaction, { organizationId, messageId }: Pick<Asked, 'organizationId' | 'messageId'>,
): Promise<void> {
  const { author_kind: kind } = await tx.selectFrom('messages').select('author_kind')
    .where('organization_id', '=', organizationId).where('id', '=', messageId).executeTakeFirstOrThrow()
  if (kind === 'contact') return
  throw new HiloError('INVALID_REQUEST', `This externalId is that of a message which the customer did not write (${kind}).`, {
    field: 'externalId', hint: 'Ask only about messages of the customer: most systems tell of their own ones as well.',
  })
}

/** Opens questions again whose turn was broken off. */
export async function reopenBrokenOff(
  tx: Transaction, organizationId: string, messageIds: readonly string[],
): Promise<void> {
  await sql`
    update questions q set settled_at = null, turn_id = null
    from turns t
    where q.organization_id = ${organizationId} and q.message_id = any(${messageIds}::text[])
      and q.settled_at is not null and t.organization_id = q.organization_id and t.id = q.turn_id
      and t.outcome in ('aborted', 'interrupted')
  `.execute(tx)
}

/** Which of these messages are to be answered, or have been; the others waited too long for a turn. */
export async function readKeptIds(
  tx: Transaction, organizationId: string, messageIds: readonly string[],
): Promise<Set<string>> {
  const rows = await tx.selectFrom('questions').select('message_id')
    .where('organization_id', '=', organizationId)
    .where('message_id', '=', sql<string>`any(${messageIds}::text[])`)
    .where(({ or, eb }) => or([eb('settled_at', 'is', null), eb('turn_id', 'is not', null)])).execute()
  return new Set(rows.map((row) => row.message_id))
}
