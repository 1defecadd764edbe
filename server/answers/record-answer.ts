import { setTimeout as wait } from 'node:timers/promises'
import type { Ingest } from '../ingest.ts'
import type { NewMessage, Outcome, Overtaker } from '../messages/new-message.ts'
import type { Attempt } from './run-turn.ts'
import { splitAnswer } from './split-answer.ts'
import { type TurnEnd, turnErrors } from './turn-answer.ts'

/** An answer costs time and money: a database that is away for a moment must not lose it. Milliseconds. */
const retryDelaysMs = [200, 1_000, 5_000, 15_000]

/** Records the answer of a turn, through the fence; or says who was quicker. */
export async function recordAnswer(ingest: Ingest, attempt: Attempt): Promise<TurnEnd | Overtaker> {
  const { work, thought } = attempt
  const outcome = await recordPatiently(ingest, toMessage(attempt, { isFenced: true }))
  if (!outcome.ok) {
    if (outcome.overtakenBy) return outcome.overtakenBy
    throw outcome.error
  }
  const { messageId, status } = outcome.recorded
  return {
    work, outcome: 'answered', answerIds: [messageId], approvals: thought.decided.approvals,
    result: { answer: thought.text, messageId, status, requestsHuman: thought.decided.handOff !== undefined },
  }
}

/** Keeps what was said until nobody waited any more, as a draft. */
export async function recordAborted(ingest: Ingest, attempt: Attempt): Promise<TurnEnd | undefined> {
  const outcome = await recordPatiently(ingest, toMessage(attempt, { isFenced: false }))
  if (!outcome.ok) {
    if (outcome.overtakenBy) return undefined
    throw outcome.error
  }
  return {
    work: attempt.work, outcome: 'aborted', error: turnErrors.aborted, answerIds: [outcome.recorded.messageId],
    approvals: [], result: { answer: '', messageId: null, status: outcome.recorded.status, requestsHuman: false },
  }
}

async function recordPatiently(ingest: Ingest, message: NewMessage): Promise<Outcome> {
  for (const delayMs of retryDelaysMs) {
    const [outcome] = await ingest.record([message])
    if (outcome!.ok || outcome!.error.code !== 'UNAVAILABLE') return outcome!
    await wait(delayMs)
  }
  return (await ingest.record([message]))[0]!
}

/** The answer as a message like any other. */
function toMessage({ turn, work, thought }: Attempt, { isFenced }: { isFenced: boolean }): NewMessage {
  const isSplit = isFenced && turn.agent.settings.conversationalMode.splitsAnswers
    && turn.questions.some(({ request }) => request.isAsync)
  const [text, ...moreParts] = isSplit ? splitAnswer(thought.text) : [thought.text]
  const now = new Date()
  return {
    organizationId: turn.organizationId,
    apiKeyId: turn.questions.at(-1)!.api_key_id,
    agentId: turn.agent.id,
    author: { kind: 'ai', name: turn.agent.name, id: turn.agent.id },
    text: text!,
    attachments: [],
    channel: turn.channel,
    source: 'hilo',
    isDraft: !isFenced,
    occurredAt: now,
    receivedAt: now,
    metadata: isFenced ? {} : { aborted: true },
    keys: [{ kind: 'conversation_id', value: turn.conversationId, field: 'conversationId' }],
    pairedKeys: [],
    contact: { identities: [] },
    answers: {
      work, isFenced, moreParts, seenSeq: turn.seenSeq,
      decided: isFenced ? thought.decided : { approvals: [] },
    },
    warnings: [],
  }
}
