import type { Conversation, ConversationChange } from '@hilo/contract'
import type { Transaction } from '../database/schema.ts'
import { recordEvents } from '../events/record-events.ts'
import { mergeMetadata } from '../metadata/merge-metadata.ts'
import type { Caller } from '../organizations/scopes.ts'
import { accessConversation, type ConversationRow } from './access-conversation.ts'
import { aiOff, aiOn, isAiOn } from './ai-state.ts'
import { type Changeable, describeChange, type Handover } from './describe-change.ts'
import { handBack, handOff, isSwitchedOff, isTakenOver } from './handover.ts'
import { lockConversation } from './lock-conversation.ts'
import { readConversation } from './show-conversation.ts'

type Actor = Pick<Caller, 'organizationId' | 'apiKeyId'>

/** What a change makes of a conversation. */
interface Outcome {
  after: Partial<Changeable>
  handover?: Handover
}

/**
 * Changes what the caller names and leaves the rest, above all the metadata, alone. What is so already is no change: it
 * writes nothing and makes no event.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST if the metadata grows too large.
 */
export function changeConversation(
  tx: Transaction, actor: Actor, { id, change }: { id: string, change: ConversationChange },
): Promise<Conversation> {
  return changeLocked(tx, actor, { id, decide: (before) => apply(before, change) })
}

/**
 * Hands a conversation to a human, or back to the AI. Done already, it is no change and makes no event.
 * @throws HiloError NOT_FOUND.
 */
export function handOver(
  tx: Transaction, actor: Actor, { id, ...handover }: Handover & { id: string },
): Promise<Conversation> {
  const decide = (before: ConversationRow): Outcome => {
    const isOff = handover.type === 'conversation.handed_off'
    const after = isOff ? handOff(before, handover.reason) : handBack(before)
    return after ? { after, handover } : { after: {} }
  }
  return changeLocked(tx, actor, { id, decide })
}

async function changeLocked(
  tx: Transaction,
  { organizationId, apiKeyId }: Actor,
  { id, decide }: { id: string, decide: (before: ConversationRow) => Outcome },
): Promise<Conversation> {
  const named = await accessConversation(tx, organizationId, { id })
  const before = await lockConversation(tx, organizationId, named.id)
  const { after, handover } = decide(before)
  const events = describeChange(before, after, handover)
  if (events.length > 0) {
    const { metadata = before.metadata, ...columns } = after
    await tx.updateTable('conversations')
      .set({ ...columns, metadata: JSON.stringify(metadata), updated_at: new Date() })
      .where('organization_id', '=', organizationId).where('id', '=', before.id).execute()
    await recordEvents(tx, events.map((event) => ({ ...event, apiKeyId })))
  }
  return readConversation(tx, organizationId, before.id)
}

function apply(before: ConversationRow, { status, isAiEnabled, metadata }: ConversationChange): Outcome {
  const isHandedBack = status === 'RESOLVED' && isAiEnabled === undefined && isTakenOver(before)
  return {
    after: {
      ...(status && { status }),
      ...(isHandedBack && aiOn),
      ...(isAiEnabled !== undefined && switchAi(before, isAiEnabled)),
      ...(metadata && { metadata: mergeMetadata(before.metadata, metadata) }),
    },
    ...(isHandedBack && { handover: { type: 'conversation.handed_back' } }),
  }
}

/** Nothing where it is so already; one that a human took over is from now on switched off. */
function switchAi(before: ConversationRow, isEnabled: boolean): Partial<Changeable> {
  if (isEnabled) return isAiOn(before) ? {} : aiOn
  return isSwitchedOff(before) ? {} : aiOff('switched_off')
}
