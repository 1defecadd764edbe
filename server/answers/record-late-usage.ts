import type { Database } from '../database/schema.ts'
import { run } from '../database/statements.ts'
import { inOrganization } from '../database/transactions.ts'
import { writeRows } from '../database/write-rows.ts'
import type { TurnWork } from './turn-answer.ts'
import { addSpend } from './write-turn-ends.ts'

/**
 * Notes what a model cost that worked for a turn which was ended elsewhere meanwhile, as its process was taken for
 * gone: whoever ended it could not know. Where the turn knows it already nothing is counted again: it was ended by
 * ourselves, by a commit of which the answer was lost.
 */
export async function recordLateUsage(db: Database, work: TurnWork): Promise<void> {
  const { organizationId, id, model, usage: { promptTokens, completionTokens, cost } } = work
  if (promptTokens + completionTokens === 0) return
  await inOrganization(db, organizationId, async (tx) => {
    const { numUpdatedRows } = await tx.updateTable('turns')
      .set({ model, prompt_tokens: promptTokens, completion_tokens: completionTokens, cost })
      .where('organization_id', '=', organizationId).where('id', '=', id)
      .where('prompt_tokens', '=', 0).where('completion_tokens', '=', 0).executeTakeFirst()
    if (numUpdatedRows > 0n) await run(tx, writeRows([addSpend([work], new Date())]))
  })
}
