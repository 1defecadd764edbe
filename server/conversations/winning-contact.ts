import { type RawBuilder, sql } from 'kysely'

/**
 * SQL of the row (id, first_name, last_name) of a contact, or of the one that it was merged into in the end; for use
 * in brackets. `union` instead of `union all`: even a circle would end.
 */
export function winningContact(
  organizationId: RawBuilder<unknown>, contactId: RawBuilder<unknown>,
): RawBuilder<{ id: string, first_name: string | null, last_name: string | null }> {
  return sql`
    with recursive chain as (
      select id, first_name, last_name, merged_into_id from contacts
      where organization_id = ${organizationId} and id = ${contactId}
      union
      select next.id, next.first_name, next.last_name, next.merged_into_id
      from chain join contacts next on next.organization_id = ${organizationId} and next.id = chain.merged_into_id
    )
    select id, first_name, last_name from chain where merged_into_id is null
  `
}
