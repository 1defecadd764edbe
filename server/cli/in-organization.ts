import type { Transaction } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { findOrganization } from './find-organization.ts'
import type { Answer, OutputOptions } from './print.ts'
import { withDatabase } from './with-database.ts'

/** Options of what belongs to an organization. */
export interface OrganizationOptions extends OutputOptions {
  organization?: string
}

/**
 * Answers from one transaction about the organization that is meant.
 * @param instead what a running server offers in the place of this command.
 * @throws HiloError where it is not there, or several are and none is named; StartError for a database not to be had.
 */
export function inNamedOrganization(
  { organization }: OrganizationOptions, instead: string,
  work: (tx: Transaction, organizationId: string) => Promise<Answer>,
): Promise<Answer> {
  return withDatabase({ instead }, ({ db }) => asOwner(db, async (tx) => {
    const { id } = await findOrganization(tx, organization)
    return work(tx, id)
  }))
}
