import type { Contact } from '@hilo/contract'
import type { ContactRow } from './access-contact.ts'
import type { IdentityRow } from './contact-identities.ts'

/** A contact as the API shows it. `identities`: its own, those it has had longest first. */
export function presentContact(row: ContactRow, identities: readonly IdentityRow[]): Contact {
  const first = (kind: string) => identities.find((identity) => identity.kind === kind)?.value ?? null
  return {
    id: row.id,
    firstName: row.first_name,
    lastName: row.last_name,
    email: first('email'),
    phoneNumber: first('phone'),
    userId: first('user_id'),
    identities: identities.map(presentIdentity),
    metadata: row.metadata,
    mergedIntoId: row.merged_into_id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

function presentIdentity({ kind, value, raw, origin, created_at }: IdentityRow): Contact['identities'][number] {
  return { kind: kind as Contact['identities'][number]['kind'], value, raw, origin, createdAt: created_at.toISOString() }
}
