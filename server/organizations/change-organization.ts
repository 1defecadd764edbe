import type { Organization, OrganizationChange } from '@hilo/contract'
import type { Selectable } from 'kysely'
import { isSupportedCountry } from 'libphonenumber-js/max'
import type { OrganizationsTable, Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { recordAudit } from './audit.ts'

export function presentOrganization(row: Selectable<OrganizationsTable>): Organization {
  return {
    id: row.id,
    name: row.name,
    defaultCountry: row.default_country,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** Reads the organization of the caller, which exists as long as its keys do. */
export async function readOrganization(tx: Transaction, organizationId: string): Promise<Organization> {
  const row = await tx.selectFrom('organizations').selectAll().where('id', '=', organizationId).executeTakeFirstOrThrow()
  return presentOrganization(row)
}

/** `""` means no country, as it does for ids. */
function readCountry(country: string | null): string | null {
  if (!country || isSupportedCountry(country)) return country || null
  const upperCase = country.toUpperCase()
  throw new HiloError('INVALID_REQUEST', '"defaultCountry" must be a country in two capital letters (ISO 3166), such as '
    + `AR; "${country.slice(0, 20)}" is not.`, {
    field: 'defaultCountry',
    hint: isSupportedCountry(upperCase) ? `Did you mean "${upperCase}"?` : undefined,
  })
}

export interface OrganizationChangeRequest {
  organizationId: string
  actor: string
  change: OrganizationChange
}

/**
 * Changes name or country.
 * @throws HiloError INVALID_REQUEST for a country that has no phone numbers known to us.
 */
export async function changeOrganization(
  tx: Transaction, { organizationId, actor, change }: OrganizationChangeRequest,
): Promise<Organization> {
  const changed = {
    ...(change.name !== undefined && { name: change.name }),
    ...(change.defaultCountry !== undefined && { default_country: readCountry(change.defaultCountry) }),
  }
  if (Object.keys(changed).length === 0) return readOrganization(tx, organizationId)
  const row = await tx.updateTable('organizations').set({ ...changed, updated_at: new Date() })
    .where('id', '=', organizationId).returningAll().executeTakeFirstOrThrow()
  const organization = presentOrganization(row)
  const { name, defaultCountry } = organization
  await recordAudit(tx, {
    organizationId, actor, action: 'organization.updated', subject: organizationId, details: { name, defaultCountry },
  })
  return organization
}
