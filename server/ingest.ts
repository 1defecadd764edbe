import { assertAgents, type KnownAgents, readUnknownAgents } from './agents/known-agents.ts'
import { readTakeovers } from './agents/takeovers.ts'
import { beginTurns } from './answers/begin-turns.ts'
import { chooseMode } from './answers/choose-mode.ts'
import type { ClaimedAgent, ConversationAddress } from './answers/claimed-turn.ts'
import { findOvertaker } from './answers/end-turn.ts'
import { type OpenQuestions, readOpenQuestions } from './answers/load-open-questions.ts'
import { noteOpenTurns, type OpenTurns, readOpenTurns } from './answers/open-turns.ts'
import { readAgents } from './answers/read-agents.ts'
import { addPasts, selectPasts } from './answers/read-pasts.ts'
import type { Claimed } from './answers/start-turns.ts'
import type { TurnAnswer } from './answers/turn-answer.ts'
import { announceEnds, writeTurnEnds } from './answers/write-turn-ends.ts'
import { assertUnchanged } from './contacts/assert-unchanged.ts'
import { associateContact } from './contacts/associate-contact.ts'
import { insertContacts } from './contacts/insert-contacts.ts'
import { completeContacts, readHintedContacts, readLinkedContacts, readNamedContacts } from './contacts/load-contacts.ts'
import type { ConversationSet } from './conversations/conversation-set.ts'
import { insertConversations } from './conversations/insert-conversations.ts'
import { readAddresses, readConversations } from './conversations/load-conversations.ts'
import { resolveConversation } from './conversations/resolve-conversation.ts'
import type { OpenDatabase } from './database/open.ts'
import type { Transaction } from './database/schema.ts'
import { runTogether } from './database/statements.ts'
import { inOrganizations, inOrganizationsEnding } from './database/transactions.ts'
import { HiloError } from './errors.ts'
import { writeEvents } from './events/record-events.ts'
import { createGroupCommit, type GroupCommit } from './group-commit.ts'
import { appendAnswer, appendMessage, type Decisions, insertMessages, type Journal } from './messages/append-message.ts'
import { explain, withoutPlannedIds } from './messages/explain.ts'
import type { NewMessage, Outcome } from './messages/new-message.ts'
import {
  findRepeat, insertAnswers, readByExternalId, readByIdempotencyKey, rememberAnswer, removeReplaced, repeatOutcome,
  type Repeats,
} from './messages/repeats.ts'
import { runBatch } from './run-batch.ts'

/** The one way in: records messages (or, as a dry run, says what recording would do). */
export interface Ingest {
  /** Records each message in its conversation; an outcome for each, in order. One item's error is never another's. */
  record(messages: readonly NewMessage[]): Promise<Outcome[]>
  /** The same decisions, writing nothing. */
  resolve(message: NewMessage): Promise<Outcome>
  /** Waits for what is in flight. */
  close(): Promise<void>
}

/** Most messages of one transaction, unless a single call brings more. */
const batchSize = 500

/** Messages that may wait, in all lanes: a database that cannot keep up must not fill the memory. */
const mostWaiting = 10_000

function busy(): HiloError {
  return new HiloError('UNAVAILABLE', 'More messages arrive than the database can take; nothing was recorded. Try again.')
}

/** For whoever runs the turn: it begins again, or ends. */
function outdated(): HiloError {
  return new HiloError('INTERNAL', 'Something newer arrived than what this answer is for.')
}

/** Everything a batch knows and changes. */
interface Batch extends Journal {
  agents: KnownAgents
  /** With all that their turns need; by `keyOf`. */
  askedAgents: Map<string, ClaimedAgent>
  repeats: Repeats
  openTurns: OpenTurns
  /** What is open in the conversations, by `keyOf`, where a question offers a turn. */
  openQuestions: Map<string, OpenQuestions>
}

/**
 * THE FLOW. Every door ends here, with a list of messages; concurrent calls are gathered into one list. What the
 * decisions need is read with a few set-based statements, each message is decided in turn, and what came of it is
 * written with a few set-based statements, all in one transaction.
 */
export function createIngest({ db }: Pick<OpenDatabase, 'db'>): Ingest {
  const agents: KnownAgents = new Set()
  const record = (messages: NewMessage[]): Promise<Outcome[]> => (
    inOrganizationsEnding(db, organizationsOf(messages), async (tx) => {
      const batch = await load(tx, messages, { agents, lock: true })
      const outcomes = messages.map((message) => settle(batch, message))
      await assertUnchanged(tx, batch.contacts)
      return { answered: save(tx, batch).then((claimed) => outcomes.map((outcome, index) => (
        withTurn(outcome, claimed.get(messages[index]!.offer?.turnId))
      ))) }
    })
  )
  const resolve = (message: NewMessage): Promise<Outcome> => (
    inOrganizations(db, organizationsOf([message]), async (tx) => {
      const outcome = settle(await load(tx, [message], { agents, lock: false }), message)
      return outcome.ok ? { ...outcome, resolution: withoutPlannedIds(outcome.resolution) } : outcome
    })
  )
  const lanes = createLanes((messages) => runBatch(record, messages))
  const allLanes = Object.values(lanes)
  return {
    record: async (messages) => {
      if (allLanes.reduce((sum, lane) => sum + lane.waiting, 0) > mostWaiting) throw busy()
      return messages.length === 0 ? [] : lanes[chooseLane(messages)].submit(messages)
    },
    resolve,
    close: async () => void await Promise.all(allLanes.map((lane) => lane.close())),
  }
}

type Lane = 'messages' | 'questions' | 'answers'

/** Questions take longest, as their turns begin with them: nothing else shall wait for that, nor they for the rest. */
function createLanes(
  run: (messages: NewMessage[]) => Promise<Outcome[]>,
): Record<Lane, GroupCommit<NewMessage, Outcome>> {
  const create = () => createGroupCommit(run, batchSize)
  return { messages: create(), questions: create(), answers: create() }
}

function chooseLane(messages: readonly NewMessage[]): Lane {
  if (messages.some(({ question }) => question)) return 'questions'
  return messages.some(({ answers }) => answers) ? 'answers' : 'messages'
}

function organizationsOf(messages: readonly NewMessage[]): string[] {
  return [...new Set(messages.map(({ organizationId }) => organizationId))]
}

function addressesOf({ byId }: ConversationSet): ConversationAddress[] {
  return [...byId.values()].map(({ organizationId, id }) => ({ organizationId, conversationId: id }))
}

/** With two ways to the database: what the messages name, and what belongs to that. */
async function load(
  tx: Transaction, messages: NewMessage[], { agents, lock }: { agents: KnownAgents, lock: boolean },
): Promise<Batch> {
  const [, askedAgents, byExternalId, byIdempotencyKey, conversations, contacts, openTurns] = await runTogether(tx, [
    readUnknownAgents(messages, agents),
    readAgents(messages.filter(({ question }) => question)),
    readByExternalId(messages),
    readByIdempotencyKey(messages),
    readConversations(messages, { lock }),
    readNamedContacts(messages),
    readOpenTurns(messages.flatMap(({ answers }) => answers ?? [])),
  ])
  const [, , , merged, takeovers, openQuestions] = await runTogether(tx, [
    readAddresses(messages, conversations),
    ...readHintedContacts(contacts, messages, { lock }),
    readLinkedContacts(contacts, messages, conversations),
    readTakeovers(messages, conversations),
    readOpenQuestions(messages.some(({ offer }) => offer) ? addressesOf(conversations) : []),
  ])
  await completeContacts(tx, contacts, { incoming: messages, merged })
  return {
    agents, askedAgents, repeats: { byExternalId, byIdempotencyKey, added: [] }, conversations, contacts, takeovers,
    openTurns: noteOpenTurns(openTurns, conversations), openQuestions,
    messages: [], questions: [], offered: [], turnEnds: [], events: [],
  }
}

/** RESOLVE, ASSOCIATE and APPEND for one message. An error of this message changes nothing. */
function settle(batch: Batch, incoming: NewMessage): Outcome {
  try {
    const message = withMode(batch, incoming)
    assertAgents(batch.agents, message)
    const first = findRepeat(batch.repeats, message)
    if (first) {
      rememberAnswer(batch.repeats, message, first)
      return repeatOutcome(first, message)
    }
    const resolved = resolveConversation(batch.conversations, message)
    const associated = associateContact(batch.contacts, message, resolved)
    const decisions: Decisions = { resolved, associated }
    const overtakenBy = message.answers && findOvertaker(batch.openTurns, message.answers, resolved.conversation)
    if (overtakenBy) return { ok: false, error: outdated(), overtakenBy }
    const resolution = explain(message, decisions)
    const recorded = isAnswer(message)
      ? appendAnswer(batch, message, decisions) : appendMessage(batch, message, decisions)
    rememberAnswer(batch.repeats, message, recorded)
    return { ok: true, recorded, isRepeat: false, resolution, question: message.question }
  } catch (error) {
    if (error instanceof HiloError) return { ok: false, error }
    throw error
  }
}

function withMode({ askedAgents }: Batch, message: NewMessage): NewMessage {
  return message.question ? { ...message, question: chooseMode(askedAgents, message.question, message) } : message
}

function withTurn(outcome: Outcome, claimed: Claimed | undefined): Outcome {
  return outcome.ok && claimed ? { ...outcome, claimed } : outcome
}

function isAnswer(message: NewMessage): message is NewMessage & { answers: TurnAnswer } {
  return message.answers !== undefined
}

/**
 * Nearly all is written by one statement, the events last: they hold a lock on the organization's counter until the
 * commit. What turns that begin need of the past is read with it.
 * @returns turns that began, by the ids under which they were offered.
 */
async function save(tx: Transaction, batch: Batch): Promise<Map<string | undefined, Claimed>> {
  const beginnings = beginTurns(batch)
  const finishedAt = new Date()
  const events = [...batch.events, ...announceEnds(batch.turnEnds, finishedAt)]
  const [, , histories, approvals] = await runTogether(tx, [
    removeReplaced(batch.repeats),
    writeEvents(tx, events, [
      insertAnswers(batch.repeats), ...insertContacts(batch.contacts), ...insertConversations(batch.conversations),
      ...insertMessages(batch), ...writeTurnEnds(batch.turnEnds, finishedAt), ...beginnings.writes,
    ]),
    ...selectPasts(beginnings.turns),
  ])
  return beginnings.toClaimed(addPasts(beginnings.turns, histories, approvals))
}
