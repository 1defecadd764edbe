import { sql } from 'kysely'
import { inOrder } from '../database/in-order.ts'
import { insertInto, type Write } from '../database/write-rows.ts'
import { keyOf } from '../database/key-of.ts'
import { type Statement, statement } from '../database/statements.ts'
import type { Transaction } from '../database/schema.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import { HiloError } from '../errors.ts'
import type { NewMessage, Outcome, Recorded } from './new-message.ts'

/** First answers: by the provider's message id, and by Idempotency-Key. */
export interface Repeats {
  byExternalId: Map<string, Recorded>
  byIdempotencyKey: Map<string, FirstAnswer>
  /** Answers of this batch, to be kept. */
  added: { organizationId: string, key: string, answer: FirstAnswer }[]
}

interface FirstAnswer {
  requestHash: string
  recorded: Recorded
}

/** How long an Idempotency-Key is remembered; `interval` of PostgreSQL. */
const keptFor = '24 hours'

/** What was recorded before among these messages, by the provider's message id. */
export function readByExternalId(incoming: readonly NewMessage[]): Statement<Repeats['byExternalId']> {
  const wanted = incoming.filter((message) => message.externalId !== undefined).map((message) => ({
    organization_id: message.organizationId, source: message.source, external_id: message.externalId!,
  }))
  return statement(wanted.length === 0 ? undefined : sql<Recorded & { organizationId: string, source: string, externalId: string }>`
    select w.organization_id as "organizationId", w.source, w.external_id as "externalId", m.id as "messageId",
      m.conversation_id as "conversationId", m.visitor_id as "visitorId", m.conversation_status as status
    from ${wantedRows(['organization_id', 'source', 'external_id'], wanted)}
    cross join lateral (
      select m.* from messages m
      where m.organization_id = w.organization_id and m.source = w.source and m.external_id = w.external_id offset 0
    ) m
  `, (rows) => new Map(rows.map(({ organizationId, source, externalId, ...recorded }) => (
    [keyOf(organizationId, source, externalId), recorded]
  ))))
}

/** What was recorded before among these messages, by Idempotency-Key. */
export function readByIdempotencyKey(incoming: readonly NewMessage[]): Statement<Repeats['byIdempotencyKey']> {
  const wanted = incoming.filter((message) => message.idempotency).map((message) => ({
    organization_id: message.organizationId, key: message.idempotency!.key,
  }))
  return statement(wanted.length === 0 ? undefined : sql<FirstAnswer & { organizationId: string, key: string }>`
    select w.organization_id as "organizationId", w.key, i.request_hash as "requestHash", i.response as recorded
    from ${wantedRows(['organization_id', 'key'], wanted)}
    cross join lateral (
      select i.* from idempotency_keys i
      where i.organization_id = w.organization_id and i.key = w.key
        and i.created_at > now() - ${keptFor}::interval offset 0
    ) i
  `, (rows) => new Map(rows.map(({ organizationId, key, ...answer }) => [keyOf(organizationId, key), answer])))
}

/**
 * The first answer, if this message was recorded before.
 * @throws HiloError IDEMPOTENCY_KEY_REUSED if the key came with another request.
 */
export function findRepeat(repeats: Repeats, message: NewMessage): Recorded | undefined {
  const { organizationId, idempotency, source, externalId } = message
  const answer = idempotency && repeats.byIdempotencyKey.get(keyOf(organizationId, idempotency.key))
  if (answer && answer.requestHash !== idempotency.requestHash) {
    throw new HiloError('IDEMPOTENCY_KEY_REUSED', `The Idempotency-Key "${idempotency.header}" came before with another request.`, {
      field: 'Idempotency-Key', hint: 'Use a new key for each new request, and the same key only to send it again.',
    })
  }
  return answer?.recorded
    ?? (externalId === undefined ? undefined : repeats.byExternalId.get(keyOf(organizationId, source, externalId)))
}

/** Remembers an answer, so that the next message like it is a repeat: within this batch, and after it. */
export function rememberAnswer(repeats: Repeats, message: NewMessage, recorded: Recorded): void {
  const { organizationId, idempotency, source, externalId } = message
  if (externalId !== undefined) repeats.byExternalId.set(keyOf(organizationId, source, externalId), recorded)
  if (!idempotency || repeats.byIdempotencyKey.has(keyOf(organizationId, idempotency.key))) return
  const answer = { requestHash: idempotency.requestHash, recorded }
  repeats.byIdempotencyKey.set(keyOf(organizationId, idempotency.key), answer)
  repeats.added.push({ organizationId, key: idempotency.key, answer })
}

/** The outcome of a repeat: the first answer again. */
export function repeatOutcome(recorded: Recorded, message: NewMessage): Outcome {
  return {
    ok: true,
    recorded,
    isRepeat: true,
    question: message.question,
    resolution: {
      conversation: { id: recorded.conversationId, created: false, decidedBy: 'repeat', attachedKeys: [] },
      contact: { created: false, attachedIdentities: [] },
      warnings: message.warnings,
    },
  }
}

/** Makes room for the answers of this batch: outdated ones are replaced. */
export function removeReplaced({ added }: Repeats): Statement<void> {
  const rows = inOrder(['organization_id', 'key'], added.map(({ organizationId, key }) => (
    { organization_id: organizationId, key }
  )))
  return statement(rows.length === 0 ? undefined : sql`
    delete from idempotency_keys i
    using ${wantedRows(['organization_id', 'key'], rows)}
    where i.organization_id = w.organization_id and i.key = w.key and i.created_at <= now() - ${keptFor}::interval
  `, () => {})
}

/**
 * Keeps the answers of this batch. A key that another process took meanwhile breaks the unique key and so the
 * transaction, which then starts again and finds it.
 */
export function insertAnswers({ added }: Repeats): Write {
  const rows = inOrder(['organization_id', 'key'], added.map(({ organizationId, key, answer }) => ({
    organization_id: organizationId, key, request_hash: answer.requestHash, response: answer.recorded,
  })))
  return insertInto('idempotency_keys', { columns: ['organization_id', 'key', 'request_hash', 'response'], rows })
}

/** Removes outdated Idempotency-Keys of every organization; run by the owner from time to time. */
export async function removeOutdatedAnswers(tx: Transaction): Promise<void> {
  await sql`delete from idempotency_keys where created_at <= now() - ${keptFor}::interval`.execute(tx)
}
