import { createId } from '../database/create-id.ts'
import type { Transaction } from '../database/schema.ts'
import type { ContactKey } from './read-contact-key.ts'

interface Owner {
  organizationId: string
  contactId: string
}

/** Why two contacts may be one customer although nothing proves it; for people. */
export function describeHint(phone: string, hint: string): string {
  return `${phone} and ${hint} may be one phone in two writings`
}

/** Proposes to merge a contact with those who have what its phone hints at; what somebody dismissed stays so. */
export async function proposeHinted(
  tx: Transaction, { organizationId, contactId }: Owner, keys: readonly ContactKey[],
): Promise<void> {
  for (const { value, hints = [] } of keys) {
    if (hints.length === 0) continue
    const others = await tx.selectFrom('contact_identities').select(['contact_id', 'value'])
      .where('organization_id', '=', organizationId).where('kind', '=', 'phone').where('value', 'in', hints)
      .where('contact_id', '!=', contactId).execute()
    for (const other of others) {
      const [id, otherId] = [contactId, other.contact_id].sort()
      await tx.insertInto('merge_proposals').values({
        organization_id: organizationId, id: createId(), contact_id: id!, other_contact_id: otherId!,
        reason: describeHint(value, other.value),
      }).onConflict((conflict) => conflict.columns(['organization_id', 'contact_id', 'other_contact_id']).doNothing())
        .execute()
    }
  }
}
