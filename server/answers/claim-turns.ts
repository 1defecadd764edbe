import type { ConversationRow } from '../conversations/access-conversation.ts'
import { isAiOn } from '../conversations/ai-state.ts'
import { createId } from '../database/create-id.ts'
import { inOrder } from '../database/in-order.ts'
import { keyOf } from '../database/key-of.ts'
import type { Transaction } from '../database/schema.ts'
import { run } from '../database/statements.ts'
import { writeRows } from '../database/write-rows.ts'
import { toWork } from './claimed-turn.ts'
import { endSilently } from './end-silently.ts'
import { findCallback } from './find-callback.ts'
import { loadOpenQuestions, type Open } from './load-open-questions.ts'
import { readPasts } from './read-pasts.ts'
import {
  type Claim, type ClaimRequest, decideTurns, findNewest, findOpen, listStarts, prepareTurn, toClaims, writeStarts,
} from './start-turns.ts'

/**
 * Begins turns for what is open in these conversations, each where it is time, and ends what nobody will answer.
 * @param runnerId the process that will run them.
 * @returns one claim for each request, in order.
 */
export async function claimTurns(
  tx: Transaction, requests: readonly ClaimRequest[], runnerId: string,
): Promise<Claim[]> {
  const open = await loadOpenQuestions(tx, requests)
  const decisions = decideTurns(open, requests)
  const turns = listStarts(decisions)
  await run(tx, writeRows(writeStarts(turns, runnerId)))
  const claims = toClaims(decisions, await readPasts(tx, turns))
  // Their events lock the logs of the organizations: in one order, or two processes wait for each other.
  for (const request of inOrder(['organizationId'], requests)) await endWhereOff(tx, { open, request, runnerId })
  return claims
}

interface SilentRequest {
  open: Open<ConversationRow>
  request: ClaimRequest
  runnerId: string
}

/** Where the AI is off, all that is open ends at once, for every agent that was asked. */
async function endWhereOff(tx: Transaction, { open, request, runnerId }: SilentRequest): Promise<void> {
  const found = findOpen(open, request)
  if (!found || found.isBusy || isAiOn(found.conversation) || !findNewest(found, request)) return
  for (const agentId of new Set(found.questions.map((question) => question.agent_id))) {
    const turn = prepareTurn(found, open.agents.get(keyOf(request.organizationId, agentId))!, createId())
    await run(tx, writeRows(writeStarts([turn], runnerId)))
    const untold = turn.questions.filter(({ request: { wasAiOff } }) => !wasAiOff)
    const work = { ...toWork(turn), callback: findCallback(agentId, untold) }
    await endSilently(tx, { conversation: found.conversation, work, outcome: 'ai_off' })
  }
}
