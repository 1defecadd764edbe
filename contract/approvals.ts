import Type, { type Static } from 'typebox'
import { Nullable, OptionalText, Page, PageQuery, Time } from './common.ts'

export const approvalStatuses = ['pending', 'running', 'approved', 'rejected', 'failed'] as const
export type ApprovalStatus = (typeof approvalStatuses)[number]

const statusText = '`pending`: nobody has decided; `running`: approved, and the tool is being called; `approved`: it was '
  + 'called, see `result`; `rejected`: it was not, and will not be; `failed`: it was approved, and nobody knows whether the tool has '
  + 'done its work, as Hilo was stopped meanwhile, see `result`. It is not called again by itself.'

/** A call of a tool that a person has to allow. */
export const Approval = Type.Object({
  id: Type.String({ description: 'Id of the approval.' }),
  conversationId: Type.String({ description: 'Id of the conversation in which the AI asked for it.' }),
  turnId: Type.String({ description: 'Id of the turn in which it did.' }),
  agentId: Type.String({ description: 'Agent whose tool it is.' }),
  tool: Type.String({ description: 'Name of the tool.' }),
  payload: Type.Unsafe<Record<string, unknown>>({
    type: 'object', additionalProperties: true, description: 'What it is to be called with.',
  }),
  status: Type.Enum([...approvalStatuses], { description: statusText }),
  reason: Nullable(Type.String({ description: 'Why it was approved or rejected, as far as somebody said so.' })),
  result: Nullable(Type.String({ description: 'What the tool answered, or why it could not; `null` until then.' })),
  decidedBy: Nullable(Type.String({ description: 'Id of the API key that approved or rejected it.' })),
  createdAt: Time('When the AI asked for it.'),
  decidedAt: Nullable(Time('When it was approved or rejected.')),
}, {
  $id: 'Approval',
  examples: [{
    id: 'cmi9q2x7j9u1w3y5a7c9e1g3i', conversationId: 'cmi9q2x79b4n6m1q8s3f7h0j5', turnId: 'cmi9q2x7d3q5s7u9w1y3a5c7e',
    agentId: 'cmi9q1a2b3c4d5e6f7g8h9i0j', tool: 'refund', payload: { order: '4711', amount: 25 }, status: 'approved',
    reason: null, result: '{"refunded":true}', decidedBy: 'cmi9q2x7f5s7u9w1y3a5c7e9g',
    createdAt: '2026-03-02T14:05:10.118Z', decidedAt: '2026-03-02T14:09:00.402Z',
  }],
})
export type Approval = Static<typeof Approval>

export const ApprovalsQuery = PageQuery({
  status: Type.Optional(Type.Enum([...approvalStatuses], { description: 'Those with this status.' })),
  conversationId: Type.Optional(Type.String({
    maxLength: 256,
    description: 'Those of this conversation: its id, or a `conversationId` that it was recorded with.',
  })),
})
export type ApprovalsQuery = Static<typeof ApprovalsQuery>

/** Answer of `GET /api/approvals`. */
export const ApprovalPage = Page(Approval, 'Approvals, newest first.')
export type ApprovalPage = Static<typeof ApprovalPage>

/** Body of `POST /api/approvals/{id}/approve` and `…/reject`. */
export const DecisionBody = Type.Object({
  reason: Type.Optional(OptionalText('Why, in a sentence for people.', { maxLength: 1024 })),
}, { description: 'May be left out.', examples: [{ reason: 'Checked with the warehouse.' }] })
export type DecisionBody = Static<typeof DecisionBody>
