import type { Approval, ApprovalStatus } from '@hilo/contract'
import { sql, type Updateable } from 'kysely'
import type { ApprovalsTable } from '../database/answer-tables.ts'
import type { Database, Transaction } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import { HiloError } from '../errors.ts'
import type { Caller } from '../organizations/scopes.ts'
import { type ApprovalRow, presentApproval } from './list-approvals.ts'

/**
 * Calls the tool of an approval. Resolves with what the tool answered, also where that is a failure. Rejects with a
 * HiloError where nothing was called, such as for a tool that the agent does not have any more.
 */
export type RunTool = (approval: ApprovalRow) => Promise<string>

type Actor = Pick<Caller, 'organizationId' | 'apiKeyId'>

interface Decision {
  id: string
  reason?: string | null
}

/**
 * Calls the tool, once and no more: the move from pending to running decides between two who approve at the same time.
 * Where nothing was called, it is pending again; where that is not certain, it is not.
 * @throws HiloError NOT_FOUND, APPROVAL_DECIDED, or what `runTool` rejects with.
 */
export async function approve(
  db: Database, caller: Actor, { runTool, ...decision }: Decision & { runTool: RunTool },
): Promise<Approval> {
  const inOwn = <Result>(work: (tx: Transaction) => Promise<Result>) => inOrganization(db, caller.organizationId, work)
  const running = await inOwn((tx) => decide(tx, caller, { ...decision, status: 'running' }))
  const result = await runTool(running).catch(async (error: unknown) => {
    const isCertain = error instanceof HiloError
    await inOwn((tx) => change(tx, running, isCertain ? undecided : { status: 'failed', result: unknownResult }))
    throw error
  })
  const storable = result.toWellFormed().replaceAll('\0', '')
  return presentApproval(await inOwn((tx) => change(tx, running, { status: 'approved', result: storable })))
}

const unknownResult = 'The call failed inside Hilo; whether the tool has done its work is not known. Look there before '
  + 'it is called again.'
const undecided = { status: 'pending', decided_by: null, decided_at: null, reason: null, result: null } as const

function change(
  tx: Transaction, { organization_id, id }: ApprovalRow, values: Updateable<ApprovalsTable>,
): Promise<ApprovalRow> {
  return tx.updateTable('approvals').set(values)
    .where('organization_id', '=', organization_id).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

/**
 * Decides that the tool is not called.
 * @throws HiloError NOT_FOUND or APPROVAL_DECIDED.
 */
export async function reject(
  tx: Transaction, caller: Actor, decision: Decision,
): Promise<Approval> {
  return presentApproval(await decide(tx, caller, { ...decision, status: 'rejected' }))
}

async function decide(
  tx: Transaction,
  { organizationId, apiKeyId }: Actor,
  { id, reason, status }: Decision & { status: 'running' | 'rejected' },
): Promise<ApprovalRow> {
  const decided = await tx.updateTable('approvals')
    .set({ status, decided_by: apiKeyId, decided_at: sql`now()`, reason: reason || null })
    .where('organization_id', '=', organizationId).where('id', '=', id).where('status', '=', 'pending')
    .returningAll().executeTakeFirst()
  if (decided) return decided
  const found = await tx.selectFrom('approvals').select('status')
    .where('organization_id', '=', organizationId).where('id', '=', id).executeTakeFirst()
  if (!found) {
    throw new HiloError('NOT_FOUND', `No approval "${id}" in this organization.`, {
      field: 'id', hint: 'GET /api/approvals lists them.',
    })
  }
  throw alreadyDecided(found.status)
}

function alreadyDecided(status: ApprovalStatus): HiloError {
  const message = status === 'running'
    ? 'It is approved, and the tool is being called.' : `This is decided already: it is ${status}.`
  const hint = status === 'failed'
    ? 'The tool may have done its work: look there. To have it called after all, let the AI ask for it again.' : undefined
  return new HiloError('APPROVAL_DECIDED', message, { field: 'id', hint })
}
