import { sql } from 'kysely'
import type { Database } from '../database/schema.ts'
import { run } from '../database/statements.ts'
import { inOrganization } from '../database/transactions.ts'
import { writeRows } from '../database/write-rows.ts'
import type { TurnWork } from './turn-answer.ts'
import { addSpend } from './write-turn-ends.ts'

/**
 * Notes what a model cost that worked for a turn which was ended elsewhere meanwhile, as its process was taken for
 * gone: whoever ended it could not know.
 */
export async function recordLateUsage(db: Database, work: TurnWork): Promise<void> {
  const { organizationId, id, model, usage: { promptTokens, completionTokens, cost } } = work
  if (promptTokens + completionTokens === 0) return
  await inOrganization(db, organizationId, (tx) => run(tx, writeRows([
    sql`
      update turns set model = ${model}, prompt_tokens = ${promptTokens}, completion_tokens = ${completionTokens},
        cost = ${cost}
      where organization_id = ${organizationId} and id = ${id}
    `,
    addSpend([work], new Date()),
  ])))
}
