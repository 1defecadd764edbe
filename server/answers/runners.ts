import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { failLeftApprovals } from '../approvals/fail-left-approvals.ts'
import type { OpenDatabase } from '../database/open.ts'
import type { Transaction } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import type { ConversationAddress } from './claimed-turn.ts'
import { isAsync } from './question.ts'

/** How long a question whose caller went away stays open while no turn runs that may take it up. Minutes. */
const openMinutes = 10

/** This process, among those that run turns on the database. */
export interface Runner {
  id: string
  /**
   * Says that this process is alive.
   * @param turnIds the turns that it runs; others in its name were left when the database went away.
   * @returns conversations in which something waits for whoever comes.
   */
  beat(turnIds: readonly string[]): Promise<Left>
  /** It runs no turns any more. */
  leave(): Promise<void>
}

export interface Left {
  /** Turns that no process runs any more. */
  turns: (ConversationAddress & { id: string, agentId: string })[]
  /** Conversations with questions for which nobody waits, and no turn runs. */
  conversations: ConversationAddress[]
}

/** Tests start several servers in one process, some on one embedded database. */
const idsOfThisProcess: string[] = []

/** @param aliveMs a process that was not heard of for so long does not run any more. */
export function createRunner({ db, kind }: Pick<OpenDatabase, 'db' | 'kind'>, aliveMs: number): Runner {
  const id = randomUUID()
  idsOfThisProcess.push(id)
  let isFirst = true
  return {
    id,
    beat: (turnIds) => asOwner(db, async (tx) => {
      // The embedded database has one process: any other is gone.
      const isAlone = isFirst && kind === 'pglite'
      if (isAlone) await tx.deleteFrom('runners').where('id', 'not in', idsOfThisProcess).execute()
      isFirst = false
      await failLeftApprovals(tx, { isAlone })
      await sayAlive(tx, id, aliveMs)
      await closeForgotten(tx)
      return { turns: await findLeftTurns(tx, id, turnIds), conversations: await findUnattended(tx) }
    }),
    async leave() {
      await asOwner(db, (tx) => tx.deleteFrom('runners').where('id', '=', id).execute())
    },
  }
}

async function sayAlive(tx: Transaction, id: string, aliveMs: number): Promise<void> {
  await sql`
    with gone as (delete from runners where alive_until < now() - interval '1 day')
    insert into runners (id, alive_until) values (${id}, now() + make_interval(secs => ${aliveMs / 1000}))
    on conflict (id) do update set alive_until = excluded.alive_until
  `.execute(tx)
}

/** Settles questions whose callers have long gone away and which no turn can take up any more. */
async function closeForgotten(tx: Transaction): Promise<void> {
  await sql`
    update questions q set settled_at = now() where settled_at is null and turn_id is null
      and asked_at < now() - make_interval(mins => ${openMinutes}) and not ${isAsync}
      and not exists (
        select from turns t where t.organization_id = q.organization_id and t.conversation_id = q.conversation_id
          and t.finished_at is null
      )
  `.execute(tx)
}

async function findLeftTurns(tx: Transaction, id: string, turnIds: readonly string[]): Promise<Left['turns']> {
  const { rows } = await sql<Left['turns'][number]>`
    select t.organization_id as "organizationId", t.conversation_id as "conversationId", t.id, t.agent_id as "agentId"
    from turns t where t.finished_at is null and not exists (
      select from runners r where r.id = t.runner_id and r.alive_until > now() and r.id <> ${id}
    ) and t.id <> all(${turnIds}::text[]) limit 1000
  `.execute(tx)
  return rows
}

async function findUnattended(tx: Transaction): Promise<ConversationAddress[]> {
  const { rows } = await sql<ConversationAddress>`
    select distinct q.organization_id as "organizationId", q.conversation_id as "conversationId"
    from questions q where q.settled_at is null and q.turn_id is null and ${isAsync} limit 1000
  `.execute(tx)
  return rows
}
