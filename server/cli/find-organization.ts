import type { Organization } from '@hilo/contract'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { presentOrganization } from '../organizations/change-organization.ts'

/** Every organization, the newest first. Needs a transaction of `asOwner`. */
export async function listOrganizations(tx: Transaction): Promise<Organization[]> {
  const rows = await tx.selectFrom('organizations').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').execute()
  return rows.map(presentOrganization)
}

/**
 * The organization with this id; without an id, the only one there is. Needs a transaction of `asOwner`.
 * @throws HiloError NOT_FOUND or INVALID_REQUEST that lists what to choose from.
 */
export async function findOrganization(tx: Transaction, id: string | undefined): Promise<Organization> {
  const organizations = await listOrganizations(tx)
  if (organizations.length === 0) {
    throw new HiloError('NOT_FOUND', 'There is no organization yet.', {
      hint: 'Make one: npx hilo organizations create --name "My company"',
    })
  }
  const found = id === undefined ? organizations : organizations.filter((one) => one.id === id)
  if (found.length === 1) return found[0]!
  const hint = `There are: ${describeChoice(organizations)}.`
  if (id !== undefined) throw new HiloError('NOT_FOUND', `No organization "${id}".`, { field: 'organization', hint })
  throw new HiloError('INVALID_REQUEST', `Say with --organization which of the ${found.length} organizations is meant.`, {
    field: 'organization', hint,
  })
}

const mostShown = 10

/** `id (name), id (name)`: the first ten. */
export function describeChoice(choice: readonly { id: string, name: string }[]): string {
  const shown = choice.slice(0, mostShown).map(({ id, name }) => `${id} (${name})`)
  return [...shown, ...(choice.length > mostShown ? [`${choice.length - mostShown} more`] : [])].join(', ')
}
