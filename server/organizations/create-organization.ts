import { createId } from '../database/create-id.ts'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'

export interface NewOrganization {
  /** Kept as given; made up when absent. */
  id?: string
  name: string
  /** ISO 3166, two letters: national phone numbers are read as of this country. */
  defaultCountry?: string
}

/**
 * Creates an organization with its event sequence.
 * @param tx a transaction of `asOwner`: the role that serves requests creates no organizations.
 * @returns its id.
 * @throws HiloError ALREADY_EXISTS when there is one with this id.
 */
export async function createOrganization(tx: Transaction, organization: NewOrganization): Promise<string> {
  const id = organization.id ?? createId()
  const inserted = await tx.insertInto('organizations')
    .values({ id, name: organization.name, default_country: organization.defaultCountry ?? null })
    .onConflict((conflict) => conflict.doNothing()).returning('id').executeTakeFirst()
  if (!inserted) throw new HiloError('ALREADY_EXISTS', `There is an organization "${id}" already.`)
  await tx.insertInto('event_sequences').values({ organization_id: id, last_seq: 0 }).execute()
  return id
}
