import type { AuditLogPage, AuditLogQuery } from '@hilo/contract'
import type { Transaction } from '../database/schema.ts'
import { listNewest } from '../http/list-newest.ts'

/** A page of the organization's audit log, newest first. */
export function listAuditLog(tx: Transaction, organizationId: string, query: AuditLogQuery): Promise<AuditLogPage> {
  return listNewest(tx, 'audit_log', {
    organizationId,
    query,
    present: ({ id, actor, action, subject, details, created_at }) => ({
      id, actor, action, subject, details, createdAt: created_at.toISOString(),
    }),
  })
}
