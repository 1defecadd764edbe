import type { MergeProposal, MergeProposalsQuery } from '@hilo/contract'
import type { Static } from 'typebox'
import { isListed } from '../database/is-listed.ts'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { cutPage, type Page, readCursor } from '../http/cursor.ts'
import { recordAudit } from '../organizations/audit.ts'
import type { Caller } from '../organizations/scopes.ts'

/**
 * Pairs of contacts that look like one customer, newest first. Left out: what somebody dismissed, and what cannot be
 * merged since one of the two is merged already.
 * @throws HiloError INVALID_REQUEST for a broken cursor.
 */
export async function listMergeProposals(
  tx: Transaction, { organizationId }: Caller, query: Static<typeof MergeProposalsQuery>,
): Promise<Page<Static<typeof MergeProposal>>> {
  const limit = query.limit ?? 50
  const after = readCursor(query.cursor, ['text'])
  const rows = await tx.selectFrom('merge_proposals as p')
    .innerJoin('contacts as a', (join) => join
      .onRef('a.organization_id', '=', 'p.organization_id').onRef('a.id', '=', 'p.contact_id'))
    .innerJoin('contacts as b', (join) => join
      .onRef('b.organization_id', '=', 'p.organization_id').onRef('b.id', '=', 'p.other_contact_id'))
    .selectAll('p')
    .where('p.organization_id', '=', organizationId).where('p.dismissed_at', 'is', null)
    .where(isListed('p.created_at'))
    .where('a.merged_into_id', 'is', null).where('b.merged_into_id', 'is', null)
    .$if(after !== undefined, (all) => all.where('p.id', '<', after![0]))
    .orderBy('p.id', 'desc') // ids begin with the time
    .limit(limit + 1).execute()
  const { page, nextCursor } = cutPage(rows, limit, ({ id }) => [id])
  return {
    items: page.map((row) => ({
      id: row.id, contactId: row.contact_id, otherContactId: row.other_contact_id, reason: row.reason,
      createdAt: row.created_at.toISOString(),
    })),
    nextCursor,
  }
}

/**
 * Settles that the two contacts are two customers: they are not proposed again. Dismissing twice is no error.
 * @throws HiloError NOT_FOUND if it is not in the organization.
 */
export async function dismissMergeProposal(tx: Transaction, caller: Caller, id: string): Promise<void> {
  const { organizationId } = caller
  const proposal = await tx.selectFrom('merge_proposals').selectAll()
    .where('organization_id', '=', organizationId).where('id', '=', id).forUpdate().executeTakeFirst()
  if (!proposal) {
    throw new HiloError('NOT_FOUND', `No merge proposal "${id}" in this organization.`, {
      field: 'id', hint: 'GET /api/contacts/merge-proposals lists them.',
    })
  }
  if (proposal.dismissed_at !== null) return
  await tx.updateTable('merge_proposals').set({ dismissed_at: new Date() })
    .where('organization_id', '=', organizationId).where('id', '=', id).execute()
  await recordAudit(tx, {
    organizationId, actor: caller.apiKeyId, action: 'merge_proposal.dismissed', subject: id,
    details: { contactId: proposal.contact_id, otherContactId: proposal.other_contact_id },
  })
}
