import { Approval, ApprovalPage, ApprovalsQuery, DecisionBody } from '@hilo/contract'
import Type from 'typebox'
import { inOrganization } from '../database/transactions.ts'
import { allowNoBody } from '../http/allow-no-body.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import { approve, reject } from './decide-approval.ts'
import { listApprovals } from './list-approvals.ts'

const tags = ['Agents']
const params = Type.Object({ id: Type.String({ description: 'Id of the approval.' }) })

const listSchema = {
  tags,
  summary: 'List the calls of tools that a person has to allow',
  description: 'Newest first; `?status=pending` are those that wait.',
  querystring: ApprovalsQuery,
  response: { 200: ApprovalPage, ...errorResponses('INVALID_REQUEST', 'NOT_FOUND') },
}

/** What both can answer besides the approval. */
const decideErrors = ['INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND', 'APPROVAL_DECIDED'] as const

const approveSchema = {
  tags,
  summary: 'Approve a call of a tool',
  description: 'Calls the tool, once and no more, and answers when it is through. Where it could not be called at all, '
    + 'as the agent has it no more (404) or a header cannot be read with the present HILO_SECRET (422), the approval is '
    + 'pending again. Where Hilo is stopped meanwhile it becomes `failed`: the tool may have done its work.',
  params,
  body: DecisionBody,
  response: { 200: Approval, ...errorResponses(...decideErrors, 'MODEL_NOT_CONFIGURED') },
}

const rejectSchema = {
  ...approveSchema,
  summary: 'Reject a call of a tool',
  description: 'The tool is not called.',
  response: { 200: Approval, ...errorResponses(...decideErrors) },
}

/** Calls of tools that wait for a person. */
export const approvalRoutes = ({ database: { db }, runTool }: Services): Routes => async (app) => {
  const write = { config: { scope: 'messages:write' }, preValidation: allowNoBody } as const

  app.get('/api/approvals', {
    schema: listSchema, config: { scope: 'history:read' },
  }, ({ caller: { organizationId }, query }) => (
    inOrganization(db, organizationId, (tx) => listApprovals(tx, organizationId, query))
  ))

  app.post('/api/approvals/:id/approve', { schema: approveSchema, ...write }, ({ caller, params: { id }, body }) => (
    approve(db, caller, { id, reason: body.reason, runTool })
  ))

  app.post('/api/approvals/:id/reject', { schema: rejectSchema, ...write }, ({ caller, params: { id }, body }) => (
    inOrganization(db, caller.organizationId, (tx) => reject(tx, caller, { id, reason: body.reason }))
  ))
}
