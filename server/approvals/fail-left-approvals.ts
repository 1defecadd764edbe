import { sql } from 'kysely'
import type { Transaction } from '../database/schema.ts'

/** More than a call takes: two minutes at the most for the tool, and a database that is slow before and after it. */
const mostMinutes = 5

const leftResult = 'Hilo was stopped, or lost its database, while it called the tool: the tool may have done its work. '
  + 'Look there before it is called again.'

/**
 * Ends what is `running` for so long that nobody calls the tool any more, in all organizations. It is not called again:
 * only people can find out whether it has done its work. A result that comes yet replaces this one.
 * @param isAlone no other process calls tools: whatever runs was left.
 */
export async function failLeftApprovals(tx: Transaction, { isAlone }: { isAlone: boolean }): Promise<void> {
  await sql`
    update approvals set status = 'failed', result = ${leftResult}
    where status = 'running' and decided_at < now() - make_interval(mins => ${isAlone ? 0 : mostMinutes})
  `.execute(tx)
}
