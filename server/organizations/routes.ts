import { AuditLogPage, AuditLogQuery, Organization, OrganizationChange } from '@hilo/contract'
import { inOrganization } from '../database/transactions.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import { changeOrganization, readOrganization } from './change-organization.ts'
import type { CallerFinder } from './find-caller.ts'
import { listAuditLog } from './list-audit-log.ts'

const tags = ['Organization']

const showSchema = {
  tags,
  summary: 'Read the organization of the API key',
  response: { 200: Organization },
}

const changeSchema = {
  tags,
  summary: 'Change the organization of the API key',
  description: 'Other processes on the same database read phone numbers with the new country within 5 seconds.',
  body: OrganizationChange,
  response: { 200: Organization, ...errorResponses('INVALID_REQUEST') },
}

const auditSchema = {
  tags,
  summary: 'Read the audit log',
  description: 'Who changed what: keys, agents, the organization, and merges of contacts.',
  querystring: AuditLogQuery,
  response: { 200: AuditLogPage, ...errorResponses('INVALID_REQUEST') },
}

/** The caller's own organization. */
export const organizationRoutes = (
  { database: { db } }: Services, callers: CallerFinder,
): Routes => async (app) => {
  app.get('/api/organization', { schema: showSchema, config: { scope: 'any' } }, ({ caller: { organizationId } }) => (
    inOrganization(db, organizationId, (tx) => readOrganization(tx, organizationId))
  ))

  app.patch('/api/organization', { schema: changeSchema, config: { scope: 'admin' } }, async ({ caller, body }) => {
    const { organizationId, apiKeyId: actor } = caller
    const organization = await inOrganization(db, organizationId, (tx) => (
      changeOrganization(tx, { organizationId, actor, change: body })
    ))
    callers.forgetAll() // what is remembered of a caller includes the country
    return organization
  })

  app.get('/api/audit-log', { schema: auditSchema, config: { scope: 'admin' } }, ({ caller, query }) => (
    inOrganization(db, caller.organizationId, (tx) => listAuditLog(tx, caller.organizationId, query))
  ))
}
