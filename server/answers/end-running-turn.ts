import { sql } from 'kysely'
import type { ConversationRow } from '../conversations/access-conversation.ts'
import { lockConversation } from '../conversations/lock-conversation.ts'
import { run } from '../database/statements.ts'
import type { Database, Transaction } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import type { Overtaker } from '../messages/new-message.ts'
import { endSilently, type SilentEnd } from './end-silently.ts'
import { findOvertaker } from './end-turn.ts'
import { keysOf, readOpenTurns } from './open-turns.ts'
import { isAsync } from './question.ts'
import { recordAborted } from './record-answer.ts'
import type { Attempt, Progress, RunOptions } from './run-turn.ts'
import { type TurnEnd, turnErrors, type TurnWork } from './turn-answer.ts'

/** Ends a turn without an answer; undefined where it was ended elsewhere. */
export function endWith(
  db: Database, work: TurnWork, end: Omit<SilentEnd, 'conversation' | 'work'>,
): Promise<TurnEnd | undefined> {
  return inOrganization(db, work.organizationId, async (tx) => {
    const conversation = await lockConversation(tx, work.organizationId, work.conversationId)
    return await isOpen(tx, work) ? endSilently(tx, { ...end, conversation, work }) : undefined
  })
}

/** The model said nothing, but may have decided something: that passes the same fence as an answer. */
export function endWordless(db: Database, { turn, work, thought }: Attempt): Promise<TurnEnd | Overtaker> {
  return inOrganization(db, turn.organizationId, async (tx) => {
    const { conversation, overtaker } = await lookOverFence(tx, { turn, work })
    return overtaker ?? endSilently(tx, { conversation, work, outcome: 'answered', decided: thought.decided })
  })
}

/** Why there is no answer, and whether a human is asked for instead. */
type Failure = Required<Pick<SilentEnd, 'error' | 'requestsHuman'>>

/** There is no answer. Where a human came in meanwhile, none was to be given, and nobody need be told of a failure. */
export function endFailed(db: Database, progress: Progress, failure: Failure): Promise<TurnEnd | undefined> {
  const { turn, work } = progress
  return inOrganization(db, turn.organizationId, async (tx) => {
    const { conversation, overtaker } = await lookOverFence(tx, progress)
    if (overtaker === 'turn') return undefined
    const end: Omit<SilentEnd, 'conversation' | 'work'> = overtaker === 'human'
      ? { outcome: 'human_took_over' } : { outcome: 'failed', ...failure }
    return endSilently(tx, { ...end, conversation, work })
  })
}

/** Locks the conversation of a turn that runs. */
async function lookOverFence(tx: Transaction, { turn, work }: Progress): Promise<{
  conversation: ConversationRow, overtaker: Overtaker | undefined,
}> {
  const conversation = await lockConversation(tx, turn.organizationId, turn.conversationId)
  const answer = { work, seenSeq: turn.seenSeq, isFenced: true }
  const rows = await run(tx, readOpenTurns([answer]))
  const newestSeq = rows[0] ?? { contact: 0, human: 0 }
  return { conversation, overtaker: findOvertaker(keysOf(rows), answer, { ...conversation, newestSeq }) }
}

/** Nobody waits any more: what was said until then is kept as a draft. */
export function endAborted(options: RunOptions, attempt: Attempt): Promise<TurnEnd | undefined> {
  return attempt.thought.text.trim() === ''
    ? endWith(options.db, attempt.work, { outcome: 'aborted', error: turnErrors.aborted })
    : recordAborted(options.ingest, attempt)
}

/** The process ends. Questions for which nobody waits stay open: another turn, in whatever process, takes them up. */
export function endInterrupted(db: Database, work: TurnWork): Promise<TurnEnd | undefined> {
  const { organizationId, conversationId, id } = work
  return inOrganization(db, organizationId, async (tx) => {
    const conversation = await lockConversation(tx, organizationId, conversationId)
    if (!await isOpen(tx, work)) return undefined
    await sql`
      update questions set turn_id = null
      where organization_id = ${organizationId} and conversation_id = ${conversationId} and settled_at is null
        and turn_id = ${id} and ${isAsync}
    `.execute(tx)
    return endSilently(tx, { conversation, work, outcome: 'interrupted', error: turnErrors.interrupted })
  })
}

async function isOpen(tx: Transaction, { organizationId, id }: TurnWork): Promise<boolean> {
  const open = await tx.selectFrom('turns').select('id')
    .where('organization_id', '=', organizationId).where('id', '=', id).where('finished_at', 'is', null)
    .forNoKeyUpdate().executeTakeFirst()
  return open !== undefined
}
