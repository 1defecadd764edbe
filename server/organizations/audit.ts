import { createId } from '../database/create-id.ts'
import type { Metadata, Transaction } from '../database/schema.ts'

/** One line of the audit log: who changed what. */
export interface AuditEntry {
  organizationId: string
  /** Id of the API key that asked, or `cli`, or `first start`. */
  actor: string
  /** What was done, as `thing.verb`: `api_key.created`, `contact.merged`. */
  action: string
  /** Id of what was changed. */
  subject: string
  /** Never a secret: whoever has the scope `admin` reads it. */
  details?: Metadata
}

/** Writes a line of the audit log in the transaction of the change itself. */
export async function recordAudit(tx: Transaction, entry: AuditEntry): Promise<void> {
  await tx.insertInto('audit_log').values({
    organization_id: entry.organizationId,
    id: createId(),
    actor: entry.actor,
    action: entry.action,
    subject: entry.subject,
    details: JSON.stringify(entry.details ?? {}),
  }).execute()
}
