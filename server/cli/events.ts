import { setTimeout as wait } from 'node:timers/promises'
import type { Event } from '@hilo/contract'
import type { Command } from 'commander'
import { accessConversation } from '../conversations/access-conversation.ts'
import type { Transaction } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { presentEvents } from '../events/present-events.ts'
import type { EventFilter } from '../events/read-events.ts'
import { readLastSeq, readLog } from '../events/read-log.ts'
import { describeEvent } from './describe-event.ts'
import { findOrganization } from './find-organization.ts'
import { readEventTypes, readSeq, withJson, withOrganization } from './options.ts'
import { type OutputOptions, printProblem } from './print.ts'
import { toPrintableJson } from './printable.ts'
import { withDatabase } from './with-database.ts'

interface TailOptions extends OutputOptions {
  organization?: string
  after?: number
  types?: EventFilter['types']
  conversation?: string
  follow: boolean
}

/** Events of one reading. */
const pageSize = 200

/** How soon somebody at a terminal wants to see what happens. */
const lookEveryMs = 500

/** `hilo events`: the log of what happened. */
export function addEvents(program: Command): void {
  const events = program.command('events').description('the log of what happened in an organization')
  withJson(withOrganization(events.command('tail').description('show events as they happen, until Ctrl-C')), 'an event a line')
    .option('--after <seq>', 'begin behind this event; 0: with the oldest that is kept (default: with the next one)', readSeq)
    .option('--types <list>', 'only these types, separated by commas, such as message.created', readEventTypes)
    .option('--conversation <id>', 'only events of this conversation: its id, or a conversationId recorded with it')
    .option('--no-follow', 'end with the newest event instead of waiting for the next')
    .action(tail)
}

/** A place in the log, and what of it is wanted. */
interface Reading {
  organizationId: string
  /** Undefined: begin with the oldest that is kept. */
  after: number | undefined
  filter: EventFilter
}

async function tail(options: TailOptions): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const instead = 'ask it at GET /api/events or GET /api/events/stream with an API key that has the scope history:read'
  try {
    await withDatabase({ instead }, async ({ db }) => {
      const reading = await asOwner(db, (tx) => begin(tx, options))
      while (!stop.signal.aborted) {
        const { events, hasMore } = await asOwner(db, (tx) => readOn(tx, reading))
        for (const event of events) console.log(options.json ? toPrintableJson(event) : describeEvent(event))
        if (hasMore) continue
        if (!options.follow) return
        await wait(lookEveryMs, undefined, { signal: stop.signal }).catch(() => {})
      }
    })
  } catch (error) {
    printProblem(options, error)
  }
}

async function begin(tx: Transaction, options: TailOptions): Promise<Reading> {
  const { id: organizationId } = await findOrganization(tx, options.organization)
  const { conversation: id } = options
  const conversation = id === undefined
    ? undefined : await accessConversation(tx, organizationId, { id, field: 'conversation' })
  return {
    organizationId,
    after: options.after === 0 ? undefined : options.after ?? await readLastSeq(tx, organizationId),
    filter: { types: options.types, conversationId: conversation?.id },
  }
}

/** The next events, and moves on behind all that was looked at. */
async function readOn(tx: Transaction, reading: Reading): Promise<{ events: Event[], hasMore: boolean }> {
  const { rows, nextAfter, hasMore } = await readLog(tx, { ...reading, limit: pageSize })
  reading.after = nextAfter
  return { events: await presentEvents(tx, reading.organizationId, rows), hasMore }
}
